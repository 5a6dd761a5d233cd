"""The generated faces of the catalogue: schemas, examples, docs/events.md, AsyncAPI."""

import inspect
import json
from pathlib import Path
from typing import Any

from deskstream_events.event import Event, registry
from deskstream_events.personal import nested_models, personal_fields
from deskstream_events.samples import sample
from deskstream_events.topics import TOPICS, Topic


def as_json(value: Any) -> str:
    """Stable, readable JSON with a final newline."""
    return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def schema(cls: type[Event]) -> dict[str, Any]:
    """JSON Schema of a payload as consumers may rely on it; personal fields carry a marker."""
    document = cls.model_json_schema()
    _mark(document, cls)
    for nested in nested_models(cls).values():
        _mark(document["$defs"][nested.__name__], nested)
    return {"$id": cls.TYPE, **document}


def _mark(document: dict[str, Any], model: Any) -> None:
    for name in sorted(personal_fields(model)):
        document["properties"][name]["x-personal"] = True


def frozen_files(root: Path) -> dict[Path, str]:
    """Contracts by path, as committed below libs/events: they change only by a new version."""
    files: dict[Path, str] = {}
    for name, cls in registry.all().items():
        files[root / "schemas" / f"{name}.json"] = as_json(schema(cls))
        for size in ("minimal", "full"):
            path = root / "examples" / name / f"{size}.json"
            files[path] = as_json(sample(cls, full=size == "full"))
    return files


def events_page() -> str:
    """docs/events.md: every topic and event, for people who subscribe."""
    lines = [
        "# Events",
        "",
        "Generated from `deskstream_events` by `make docs`; `make check` refuses drift.",
        "",
        "Kafka, CloudEvents 1.0 in binary mode: headers `ce_id`, `ce_type`, `ce_subject` (stream",
        "id), `ce_sequence` (version in the stream), `ce_time`, `ce_correlationid` and more; the",
        "value is the JSON below; the key is the stream id, so a stream keeps its order. Ignore",
        "fields you do not know. Fields in *italics* are personal data.",
        "",
    ]
    for topic in TOPICS:
        lines += _topic_lines(topic)
    return "\n".join(lines).rstrip() + "\n"


def _topic_lines(topic: Topic) -> list[str]:
    followers = ", ".join(f"`{c}`" for c in topic.consumers) or "none yet"
    lines = [
        f"## `{topic.name}`",
        "",
        f"Owner `{topic.owner}`; key: {topic.key}; {topic.partitions} partitions; kept "
        f"{topic.retention.days} days; consumers: {followers}.",
        "",
        "| Type | When | Fields |",
        "|---|---|---|",
    ]
    for name, cls in registry.of_stream(topic.stream_type).items():
        when = " ".join(inspect.cleandoc(cls.__doc__ or "").split())
        lines.append(f"| `{name}` | {when} | {_fields(cls)} |")
    return [*lines, ""]


def _fields(cls: type[Event]) -> str:
    personal = personal_fields(cls)
    words = []
    for name, field in cls.model_fields.items():
        word = name if field.is_required() else f"{name}?"
        words.append(f"*{word}*" if name in personal else word)
    return ", ".join(words)


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3 document of all topics; payloads refer to the committed schemas."""
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for topic in TOPICS:
        key = topic.stream_type.replace(".", "_")
        own = registry.of_stream(topic.stream_type)
        channels[key] = {
            "address": topic.name,
            "bindings": {"kafka": {"partitions": topic.partitions}},
            "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in own},
        }
        operations[f"{topic.owner}_publishes_{key}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{key}"},
        }
        for consumer in topic.consumers:
            operations[f"{consumer.replace('.', '_')}_follows_{key}"] = {
                "action": "receive",
                "channel": {"$ref": f"#/channels/{key}"},
                "bindings": {"kafka": {"groupId": {"type": "string", "const": consumer}}},
            }
        for name, cls in own.items():
            messages[name] = {
                "name": name,
                "contentType": "application/json",
                "summary": " ".join(inspect.cleandoc(cls.__doc__ or "").split()),
                "payload": schema(cls),
            }
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "Deskstream events", "version": "1"},
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages},
    }
