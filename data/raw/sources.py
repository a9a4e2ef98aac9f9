"""Which files a source is made of, and what columns they have: everything that is known before they are read."""

from dataclasses import dataclass, replace
from pathlib import Path

from data.config import ColumnConfig, SourceConfig
from data.errors import InputError
from data.raw.layout import ENDINGS, Family, Format, format_of, look
from data.raw.sniff import nearest, quoted


@dataclass(frozen=True)
class Input:
    """All files of a source."""

    root: Path
    """Folder that the files' names are relative to."""

    families: tuple[Family, ...]
    """The files, grouped by form."""

    notes: tuple[str, ...]
    """What was left out, and why."""

    def name(self, file: Path) -> str:
        """What a file is called in messages and in the quarantine."""
        return str(file.relative_to(self.root)) if file.is_relative_to(self.root) else str(file)

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file, in the order of the rows."""
        return tuple(file for family in self.families for file in family.files)


def find_input(source: SourceConfig, path: Path) -> Input:
    """Find a source's files and look at the head of each.

    Args:
        source: what the files should be like.
        path: a file, a folder or a glob.

    Raises:
        InputError: no file, a file that is empty, binary, packed in an unknown way or in another form than
            stated, or one without the columns that `source` names.
    """
    families: list[Family] = []
    notes: list[str] = []
    seen: set[Path] = set()
    for columns, event_fixed, files in _groups(source, path):
        for file in files:
            if file in seen:
                raise InputError(f"`{file}` matches two patterns of `source.files`. Make the patterns exclusive.")
            seen.add(file)
            if file.stat().st_size == 0:
                if len(files) == 1:
                    raise InputError(f"`{file}` is empty. Expected a log with one event a line.")
                notes.append(f"{file.name} is empty and was left out")
                continue
            family = look(file, source, columns, event_fixed)
            _append(families, family)
    if not families:
        raise InputError(f"All files of `{path}` are empty. Expected a log with one event a line.")
    return Input(root=input_root(path), families=tuple(families), notes=tuple(notes))


def source_files(source: SourceConfig, path: Path) -> list[Path]:
    """The files whose content a run depends on, in the order of the rows, without looking into them.

    Raises:
        InputError: there is none.
    """
    if source.kind == "features":
        return _expand(path, source.format)
    return [file for _, _, files in _groups(source, path) for file in files]


def input_root(path: Path) -> Path:
    """The folder that the names of an input's files are relative to."""
    if path.is_dir():
        return path
    parts = path.parent.parts
    fixed = next((i for i, part in enumerate(parts) if _is_glob(part)), len(parts))
    return Path(*parts[:fixed])


def _append(families: list[Family], family: Family) -> None:
    """Add a file to the last family if it has the same form, so that few large scans are made of many files."""
    if families:
        last = families[-1]
        if replace(last, files=()) == replace(family, files=()):
            families[-1] = replace(last, files=last.files + family.files)
            return
    families.append(family)


def _is_glob(text: str) -> bool:
    return any(mark in text for mark in "*?[")


def _groups(source: SourceConfig, path: Path) -> list[tuple[ColumnConfig, str | None, list[Path]]]:
    if source.files:
        if not path.is_dir():
            raise InputError(f"`--input` should be a folder, for `source.files` are relative to it. Received: {path}")
        return [(one.columns, one.event_fixed, _matching(path, one.pattern)) for one in source.files]
    if source.columns is None:
        raise InputError("`source.columns` is needed: which column holds visitor_id, ts, item_id and event.")
    return [(source.columns, None, _expand(path, source.format))]


def _matching(folder: Path, pattern: str) -> list[Path]:
    files = sorted(file for file in folder.glob(pattern) if file.is_file())
    if not files:
        raise InputError(f"No file in `{folder}` matches `{pattern}`. The folder has: {_listing(folder)}.")
    return files


def _expand(path: Path, form: Format | None) -> list[Path]:
    if path.is_file():
        return [path]
    if path.is_dir():
        return _in_folder(path, form)
    if _is_glob(str(path)):
        anchor = Path(path.anchor)
        files = sorted(file for file in anchor.glob(str(path.relative_to(anchor))) if file.is_file())
        if not files:
            raise InputError(f"No file matches `{path}`. Check the pattern; the working folder is {Path.cwd()}.")
        return files
    if path.exists():
        raise InputError(f"`{path}` is neither a file nor a folder. Expected a file, a folder or a glob.")
    near = nearest(path.name, [p.name for p in path.parent.iterdir()]) if path.parent.is_dir() else None
    raise InputError(
        f"`{path}` does not exist. Expected a file, a folder or a glob."
        + (f" Did you mean `{path.parent / near}`?" if near else "")
    )


def _in_folder(folder: Path, form: Format | None) -> list[Path]:
    """Files of one form anywhere in a folder; names with `.` or `_` in front are other programs' bookkeeping."""
    found: dict[Format, list[Path]] = {}
    for file in sorted(folder.rglob("*")):
        hidden = any(part.startswith((".", "_")) for part in file.relative_to(folder).parts)
        ending = format_of(file)
        if file.is_file() and not hidden and ending is not None:
            found.setdefault(ending, []).append(file)
    if form is not None:
        wanted = found.get("jsonl" if form == "otto" else form, [])
        if not wanted:
            raise InputError(f"`{folder}` has no {form} file. It has: {_listing(folder)}. Name the files by a glob.")
        return wanted
    if len(found) > 1:
        raise InputError(
            f"`{folder}` has files of several forms ({', '.join(found)}). Set `source.format`, or name them by a glob."
        )
    if not found:
        raise InputError(
            f"`{folder}` has no file of a known form ({' '.join(ENDINGS)}, each also .gz or .zst). "
            f"It has: {_listing(folder)}. Set `source.format` and name the files by a glob."
        )
    return next(iter(found.values()))


def _listing(folder: Path) -> str:
    names = sorted(entry.name + ("/" if entry.is_dir() else "") for entry in folder.iterdir())
    return quoted(names, most=8) if names else "nothing"
