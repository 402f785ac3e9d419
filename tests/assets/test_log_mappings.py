"""The mapping of a log source in the settings: one that ships, a file, or a mistake."""

from pathlib import Path

import pytest

from assets.project import Project
from pipelines.errors import SettingsInvalid

SOURCE = '[[bills]]\nname = "aws"\npath = "bills"\n[[logs]]\nname = "gemini"\npath = "logs"\n'
OWN = '[fields]\nstarted_at = "at"\nmodel = "model"\n'


def load(folder: Path, *said: str) -> Project:
    (folder / "modelspend.toml").write_text(SOURCE + "\n".join(said))
    (folder / "catalogue.toml").write_text("")
    return Project.load(folder / "modelspend.toml")


def test_a_mapping_is_one_that_ships_or_a_file_beside_the_settings(tmp_path):
    shipped = load(tmp_path, 'format = "mapped"', 'mapping = "vertex-ai"')
    assert shipped.log_formats["gemini"].structure["full_response"] == "VARCHAR"
    (tmp_path / "my.toml").write_text(OWN)
    own = load(tmp_path, 'format = "mapped"', 'mapping = "my.toml"')
    assert own.log_formats["gemini"].structure == {"at": "VARCHAR", "model": "VARCHAR"}


def test_another_text_of_the_mapping_is_another_input_of_the_month(tmp_path):
    said = ('format = "mapped"', 'mapping = "my.toml"')
    (tmp_path / "my.toml").write_text(OWN)
    before = load(tmp_path, *said)
    (tmp_path / "my.toml").write_text(OWN + 'tenant = "shop"\n')
    after = load(tmp_path, *said)
    assert before.texts["log mapping gemini"] != after.texts["log mapping gemini"]
    [source] = after.settings.logs
    assert before.log_key(source) != after.log_key(source)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (['format = "mapped"'], 'a mapping and format = "mapped" go together'),
        (['mapping = "vertex-ai"'], 'a mapping and format = "mapped" go together'),
        (['format = "mapped"', 'mapping = "vertex"'], "the nearest is 'vertex-ai'"),
        (['format = "mapped"', 'mapping = "none.toml"'], "there is no such file"),
        (['format = "mapped"', 'mapping = "my.toml"'], "model is missing"),
    ],
)
def test_a_mapping_that_cannot_be_used_stops_before_anything_is_read(tmp_path, said, problem):
    (tmp_path / "my.toml").write_text('[fields]\nstarted_at = "at"\n')
    with pytest.raises(SettingsInvalid) as error:
        load(tmp_path, *said)
    assert problem in str(error.value)
