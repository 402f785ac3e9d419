"""One project: its settings, catalogue and rules, read once, with the digest of each text.

Reads the three texts and nothing else; bills, logs and the lake are reached by the run.
"""

import hashlib
import os
from dataclasses import dataclass
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pipelines.attribution.rules import Rules, load_rules
from pipelines.billing.formats import BillFormat
from pipelines.billing.registered import format_of
from pipelines.errors import SettingsInvalid
from pipelines.inference.formats import LogFormat
from pipelines.inference.mapped import shipped_text
from pipelines.inference.registered import format_of as log_format_of
from pipelines.inputs import digest_of
from pipelines.registry.catalogue import Catalogue, parse_catalogue
from pipelines.settings import BillSource, LogSource, Settings, parse_settings, resolve

SETTINGS_VARIABLE = "MODELSPEND_SETTINGS"
CODE = Path(__file__).resolve().parents[1]
MAKES_NO_NUMBER = {"review", "demo"}
"""Parts of `pipelines/` that only show published numbers or invent inputs."""


def settings_file(path: str | Path | None) -> Path:
    """The settings file meant: as given, else `MODELSPEND_SETTINGS`, else the folder's own."""
    return Path(path or os.environ.get(SETTINGS_VARIABLE) or "modelspend.toml").absolute()


@cache
def code_digest() -> str:
    """SHA-256 over the files that make the numbers, and the version they were released as."""
    try:
        release = version("modelspend")
    except PackageNotFoundError:
        release = "source"
    whole = hashlib.sha256(release.encode())
    files = [
        *(CODE / "pipelines").rglob("*.py"),
        *(CODE / "pipelines").rglob("*.toml"),
        *(CODE / "pipelines").rglob("*.csv"),
        *(CODE / "pipelines").rglob("*.csv"),
        *(CODE / "sql").rglob("*.sql"),
    ]
    for file in sorted(files):
        if MAKES_NO_NUMBER & set(file.relative_to(CODE).parts):
            continue
        whole.update(file.relative_to(CODE).as_posix().encode())
        whole.update(hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()


@dataclass(frozen=True)
class Project:
    """What a company has set: checked settings, catalogue and rules, and where paths start.

    `texts` holds the digest of each text, so that a change of a comment counts as a change: the
    texts are what a person signs off, not our reading of them.
    """

    file: Path
    settings: Settings
    catalogue: Catalogue
    rules: Rules
    texts: dict[str, str]
    formats: dict[str, BillFormat]
    """The format of every bill source, by the source's name."""
    log_formats: dict[str, LogFormat]
    """The format of every log source, by the source's name."""

    @classmethod
    def load(cls, path: str | Path | None = None) -> "Project":
        """Read and check the project whose settings file is `path` (see `settings_file`).

        Raises:
            SettingsInvalid: a text is missing or wrong; every mistake of that text is named.
        """
        file = settings_file(path)
        settings_text = _text(file, "run `modelspend init` to make one, or give its path")
        settings = parse_settings(settings_text, str(file))
        catalogue_file = Path(resolve(settings.catalogue, file.parent))
        catalogue_text = _text(catalogue_file, f"`catalogue` in {file} names it")
        texts = {"settings": digest_of(settings_text), "catalogue": digest_of(catalogue_text)}
        rules_text = None
        if settings.rules is not None:
            rules_file = Path(resolve(settings.rules, file.parent))
            rules_text = _text(rules_file, f"`rules` in {file} names it")
            texts["rules"] = digest_of(rules_text)
        formats = {}
        for source in settings.bills:
            mapping = None
            if source.mapping is not None:
                mapping_file = Path(resolve(source.mapping, file.parent))
                mapping = _text(mapping_file, f"`mapping` of bill source {source.name} in {file}")
                texts[f"mapping {source.name}"] = digest_of(mapping)
            formats[source.name] = format_of(source, mapping)
        log_formats = {}
        for log in settings.logs:
            mapping = None
            if log.mapping is not None:
                mapping = _log_mapping(log.mapping, file, log.name)
                texts[f"log mapping {log.name}"] = digest_of(mapping)
            log_formats[log.name] = log_format_of(log, mapping)
        return cls(
            formats=formats,
            log_formats=log_formats,
            file=file,
            settings=settings,
            catalogue=parse_catalogue(catalogue_text, str(catalogue_file)),
            rules=load_rules(rules_text, settings.rules or "rules.toml"),
            texts=texts,
        )

    @property
    def base(self) -> Path:
        """The folder relative paths of the settings start from."""
        return self.file.parent

    def format_of(self, source: BillSource) -> BillFormat:
        """The format of a bill source, made by its mapping file if it has one."""
        return self.formats[source.name]

    def format_key(self, source: BillSource) -> str:
        """What else than the file decides how it is read."""
        return f"{source.format}\n{self.texts.get(f'mapping {source.name}', '')}\n{code_digest()}"

    def log_key(self, source: LogSource) -> str:
        """What else than the file decides how a log is read."""
        mapping = self.texts.get(f"log mapping {source.name}", "")
        return f"{source.format}\n{mapping}\n{code_digest()}"

    def at(self, path: str) -> str:
        """A path of the settings as an absolute path or URL."""
        return resolve(path, self.base)

    @property
    def cache(self) -> Path:
        """Where downloads and the work of a run lie."""
        return Path(self.at(self.settings.cache))


def _log_mapping(mapping: str, settings: Path, source: str) -> str:
    """The text of a mapping file, or of a mapping that comes with modelspend."""
    file = Path(resolve(mapping, settings.parent))
    if file.suffix != ".toml" and not file.exists():
        return shipped_text(mapping)
    return _text(file, f"`mapping` of log source {source} in {settings} names it")


def _text(file: Path, how: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsInvalid(str(file), [f"there is no such file: {how}"]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsInvalid(str(file), [f"it cannot be read as UTF-8 text: {error}"]) from error
