"""A real Kafka: one KRaft node of the Maven artefacts on loopback."""

import json
import os
import shutil
import signal
import subprocess
import uuid
from base64 import urlsafe_b64encode
from pathlib import Path

from deskstream_tools.local import kafka_jars
from deskstream_tools.local.processes import port_answers, started_at, stop_process, wait_until

CONFIG = """\
process.roles=broker,controller
node.id=1
controller.quorum.bootstrap.servers=127.0.0.1:{controller_port}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
log.dirs={logs}
auto.create.topics.enable=false
num.partitions=6
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=5
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
log.cleaner.dedupe.buffer.size=16777216
num.network.threads=2
num.io.threads=4
"""
JVM = (
    *("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-Xshare:auto"),
    *("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Djava.awt.headless=true"),
)


class KafkaServer:
    """One broker with its data in `folder`, listening on two ports of loopback."""

    def __init__(self, folder: Path, port: int, controller_port: int) -> None:
        self._folder = folder
        self._port = port
        self._controller_port = controller_port
        self._fresh_archive = kafka_jars.archive().with_name(f"classes.{port}.jsa")

    @property
    def bootstrap(self) -> str:
        """The address for clients."""
        return f"127.0.0.1:{self._port}"

    def prepare(self) -> None:
        """Write the configuration; format the data folder the first time (about one second)."""
        self._folder.mkdir(parents=True, exist_ok=True)
        config = CONFIG.format(
            port=self._port, controller_port=self._controller_port, logs=self._folder / "logs"
        )
        self._config.write_text(config, encoding="utf-8")
        if (self._folder / "logs" / "meta.properties").exists():
            return
        shutil.rmtree(self._folder / "logs", ignore_errors=True)
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        tool = (
            "kafka.tools.StorageTool",
            "format",
            "--standalone",
            f"--cluster-id={cluster}",
            "-c",
        )
        done = subprocess.run(
            [*self._java(), *tool, str(self._config)], capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"Kafka's storage could not be made:\n{done.stdout}{done.stderr}")

    def command(self) -> list[str]:
        """What a supervisor runs in the foreground; SIGTERM stops it clean.

        Where no class-data archive is cached, this run writes one when it ends.
        """
        archived = kafka_jars.archive().exists()
        dump = [] if archived else [f"-XX:ArchiveClassesAtExit={self._fresh_archive}"]
        return [*self._java(), *dump, "kafka.Kafka", str(self._config)]

    def start(self, log: Path | None = None) -> None:
        """Start it detached and wait until it answers. Nothing to do where it runs.

        Raises RuntimeError with the end of the log where it does not come up, Missing without Java.
        """
        if self.answers():
            return
        self.prepare()
        log = log or self._folder / "server.log"
        with log.open("ab") as out:
            child = subprocess.Popen(
                self.command(),
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                cwd=self._folder,
            )
        self._note.write_text(json.dumps([child.pid, started_at(child.pid)]))
        wait_until(self.answers, "Kafka", log=log, child=child)

    def answers(self) -> bool:
        """Whether it takes connections (it opens its port when it can serve)."""
        return port_answers(self._port)

    @property
    def pid(self) -> int | None:
        """The pid of the server that `start` started, where it runs."""
        if not self._note.exists():
            return None
        pid, begun = json.loads(self._note.read_text())
        return pid if started_at(pid) == begun else None

    def kill(self) -> None:
        """SIGKILL it, as a crash would; its port is free afterwards."""
        if (pid := self.pid) is not None:
            os.kill(pid, signal.SIGKILL)
            # Its first thread is gone before the last one has let go of the port.
            wait_until(lambda: started_at(pid) is None and not self.answers(), "Kafka to die")

    def stop(self) -> None:
        """Stop it clean and wait. Nothing to do where it does not run."""
        if (pid := self.pid) is not None:
            self.keep_archive(clean=stop_process(pid))

    def keep_archive(self, *, clean: bool) -> None:
        """Put the class-data archive of a run that ended into the cache, if it ended clean."""
        if clean and self._fresh_archive.exists():
            self._fresh_archive.rename(kafka_jars.archive())
        self._fresh_archive.unlink(missing_ok=True)

    def remove(self) -> None:
        """Stop it and drop its data."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _java(self) -> list[str]:
        classes = kafka_jars.jars() / "*"
        archive = kafka_jars.archive()
        shared = [f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []
        return [kafka_jars.java(), *JVM, *shared, "-cp", str(classes)]

    @property
    def _config(self) -> Path:
        return self._folder / "server.properties"

    @property
    def _note(self) -> Path:
        return self._folder / "server.pid"
