"""Reads the folder of policy files and refuses it as a whole when anything in it is wrong.

Every fault of every file is collected, so that a reviewer corrects the files once and not one fault at a time.
The files hold three kinds of entry: the register (what may be set at all), one profile per level or place, and
overlays, which may only fill what the texts leave open.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from kernel.policy_reader import PolicyBroken, Reader, text
from kernel.policy_records import (
    COMBINABLE,
    COMBINES,
    KINDS,
    NAME,
    STATUSES,
    WORD,
    Document,
    Files,
    Label,
    Missing,
    Parameter,
    Profile,
)
from kernel.policy_values import Spot, read_values

REGISTER = "register.yaml"


def read_files(folder: Path, overlays: Sequence[Path] = ()) -> Files:
    """Read the register, every profile of the folder, and the overlays.

    Raises:
        PolicyBroken: with every fault found in every file.
    """
    reader = Reader()
    files = Files(places=(), parameters={}, profiles={}, overlay={})
    files.places, files.parameters = _register(reader, folder / REGISTER)
    for path in sorted(folder.glob("*.yaml")):
        if path.name != REGISTER:
            files.profiles[path.stem] = _profile_head(reader, path)
    _check_levels(reader, files)
    for profile in files.profiles.values():
        _profile_values(reader, files, profile)
    for path in overlays:
        _overlay(reader, files, path)
    if reader.faults:
        raise PolicyBroken(reader.faults)
    return files


def chain_of(files: Files, key: str) -> tuple[Profile, ...]:
    """Return the profile and every level above it, nearest first; stops at an unknown level or a circle."""
    chain: list[Profile] = []
    next_key: str | None = key
    while next_key in files.profiles and files.profiles[next_key] not in chain:
        chain.append(files.profiles[next_key])
        next_key = chain[-1].extends
    return tuple(chain)


def _register(reader: Reader, path: Path) -> tuple[tuple[str, ...], dict[str, Parameter]]:
    content, file = reader.load(path), path.name
    reader.keys(file, "", content, "title places parameters")
    parameters = {}
    for name, entry in reader.mapping(file, "parameters", content.get("parameters")).items():
        parameter = _parameter(reader, file, name, entry)
        if parameter is not None:
            parameters[name] = parameter
    return reader.words(file, "places", content.get("places")), parameters


def _parameter(reader: Reader, file: str, name: str, entry: object) -> Parameter | None:
    where = f"parameters.{name}"
    content = reader.mapping(file, where, entry)
    if not NAME.fullmatch(name):
        reader.fault(file, where, "参数名应当是以点分隔的小写标识")
    if not reader.keys(file, where, content, "label label_en kind combine rule", "unit choices"):
        return None
    kind, combine, choices = text(content, "kind"), text(content, "combine"), content.get("choices")
    if kind not in KINDS:
        reader.fault(file, where, f"kind 应当取自 {'、'.join(KINDS)}，现为 {kind}")
    if combine not in COMBINES or kind not in COMBINABLE.get(combine, KINDS):
        reader.fault(file, where, f"kind {kind} 不能按 combine {combine} 合并")
    if kind == "choice" and not choices:
        reader.fault(file, where, "kind choice 缺少 choices")
    return Parameter(
        name=name,
        label=text(content, "label"),
        label_en=text(content, "label_en"),
        unit=text(content, "unit"),
        kind=kind,
        combine=combine,
        rule=reader.rule(file, where, content),
        choices=reader.words(file, f"{where}.choices", choices),
    )


def _profile_head(reader: Reader, path: Path) -> Profile:
    content, file = reader.load(path), path.name
    optional = "code extends superseded_by_check documents labels parameters absent"
    reader.keys(file, "", content, "title title_en as_of", optional)
    return Profile(
        key=path.stem,
        file=file,
        title=text(content, "title"),
        title_en=text(content, "title_en"),
        code=text(content, "code"),
        extends=text(content, "extends") or None,
        as_of=reader.day(file, "", "as_of", content) or date.min,
        superseded_by_check=reader.words(file, "superseded_by_check", content.get("superseded_by_check")),
        documents=_documents(reader, file, content.get("documents")),
        labels=_labels(reader, file, content.get("labels")),
        content=content,
    )


def _documents(reader: Reader, file: str, entries: object) -> dict[str, Document]:
    documents = {}
    for key, entry in reader.mapping(file, "documents", entries).items():
        where = f"documents.{key}"
        content = reader.mapping(file, where, entry)
        filled = reader.keys(
            file, where, content, "title number in_force read_on status", "issued valid_until note link"
        )
        in_force, read_on = reader.day(file, where, "in_force", content), reader.day(file, where, "read_on", content)
        issued, valid_until = (reader.day(file, where, name, content) for name in ("issued", "valid_until"))
        if not filled or in_force is None or read_on is None:
            continue
        status = text(content, "status")
        if status not in STATUSES:
            reader.fault(file, where, f"status 应当取自 {'、'.join(STATUSES)}，现为 {status}")
        elif status != "in_force" and not text(content, "note"):
            reader.fault(file, where, f"status 为 {status} 时须在 note 中说明")
        if valid_until is not None and valid_until < in_force:
            reader.fault(file, where, "valid_until 早于 in_force")
        documents[key] = Document(
            key=key,
            title=text(content, "title"),
            number=text(content, "number"),
            issued=issued,
            in_force=in_force,
            valid_until=valid_until,
            read_on=read_on,
            status=status,
            note=text(content, "note"),
        )
    return documents


def _labels(reader: Reader, file: str, entries: object) -> dict[str, Label]:
    labels = {}
    for key, entry in reader.mapping(file, "labels", entries).items():
        content = reader.mapping(file, f"labels.{key}", entry)
        if not WORD.fullmatch(key):
            reader.fault(file, f"labels.{key}", "名称的键应当是小写标识")
        if reader.keys(file, f"labels.{key}", content, "zh en"):
            labels[key] = Label(text(content, "zh"), text(content, "en"))
    return labels


def _check_levels(reader: Reader, files: Files) -> None:
    for place in files.places:
        if place not in files.profiles:
            reader.fault(REGISTER, "places", f"没有 {place}.yaml")
        elif not files.profiles[place].code:
            reader.fault(files.profiles[place].file, "", "缺少 code（行政区划代码）")
    for profile in files.profiles.values():
        if profile.extends is not None and profile.extends not in files.profiles:
            reader.fault(profile.file, "extends", f"没有上级 {profile.extends}")
        last = chain_of(files, profile.key)[-1]
        if last.extends in files.profiles:
            reader.fault(
                profile.file, "extends", f"上级成环：{' → '.join(p.key for p in chain_of(files, profile.key))}"
            )
        above = [key for level in chain_of(files, profile.key)[1:] for key in level.documents]
        for key in sorted(set(above) & set(profile.documents)):
            reader.fault(profile.file, f"documents.{key}", "上级文件已有同名文件键")


def _profile_values(reader: Reader, files: Files, profile: Profile) -> None:
    documents = {key: found for level in chain_of(files, profile.key) for key, found in level.documents.items()}
    for name, entries in reader.mapping(profile.file, "parameters", profile.content.get("parameters")).items():
        spot = Spot(profile.file, f"parameters.{name}", profile.key, is_overlay=False)
        profile.values[name] = read_values(reader, files.parameters.get(name), documents, spot, entries)
    for name, entry in reader.mapping(profile.file, "absent", profile.content.get("absent")).items():
        where = f"absent.{name}"
        missing = reader.mapping(profile.file, where, entry)
        if name not in files.parameters:
            reader.fault(profile.file, where, f"参数未在 {REGISTER} 登记")
        elif name in profile.values:
            reader.fault(profile.file, where, "同一文件既给出取值又说没有取值")
        elif reader.keys(profile.file, where, missing, "why configure"):
            rule = files.parameters[name].rule
            profile.missing[name] = Missing(name, text(missing, "why"), text(missing, "configure"), rule)


def _overlay(reader: Reader, files: Files, path: Path) -> None:
    """Take in values that fill gaps; one which meets a value of the texts is a fault, never a replacement."""
    content, file = reader.load(path), path.name
    reader.keys(file, "", content, "title documents places", "note")
    documents = _documents(reader, file, content.get("documents"))
    for level, parameters in reader.mapping(file, "places", content.get("places")).items():
        if level not in files.profiles:
            reader.fault(file, f"places.{level}", "没有这个地方或层级")
            continue
        for name, entries in reader.mapping(file, f"places.{level}", parameters).items():
            spot = Spot(file, f"places.{level}.{name}", level, is_overlay=True)
            values = read_values(reader, files.parameters.get(name), documents, spot, entries)
            texts = [value for profile in chain_of(files, level) for value in profile.values.get(name, ())]
            for other in [*texts, *files.overlay.get((level, name), ())]:
                if any(value.overlaps(other) for value in values):
                    begins = f"自 {other.valid_from} 起的取值“{other.value}”"
                    reader.fault(file, spot.where, f"{other.file} 已有{begins}，补充文件只能填补空缺")
            files.overlay[level, name] = (*files.overlay.get((level, name), ()), *values)
