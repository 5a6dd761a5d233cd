"""What a newcomer without Java or Maven is told."""

from pathlib import Path

import pytest

from deskstream_tools.local.kafka_jars import Missing, java, maven


def only(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.delenv("JAVA_HOME", raising=False)


def test_a_missing_java_is_named_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(tmp_path, monkeypatch)
    with pytest.raises(Missing, match=r"Java is missing.*JDK 17.*openjdk-17"):
        java()


def test_an_old_java_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tmp_path / "java"
    old.write_text("#!/bin/sh\necho 'openjdk version \"11.0.2\"' >&2\n")
    old.chmod(0o755)
    only(tmp_path, monkeypatch)
    with pytest.raises(Missing, match="too old"):
        java()


def test_a_missing_maven_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    only(tmp_path, monkeypatch)
    with pytest.raises(Missing, match="Maven is missing"):
        maven()
