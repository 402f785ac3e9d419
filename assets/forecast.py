"""What the catalogue as it is now predicts for a month, published or not.

For a month to come, and for seeing at once what a changed plan or formula does. Nothing is written,
and nothing is `ex_post`: measured volumes are of published months.
"""

import polars as pl

from assets.calibration.history import read_sets
from assets.price_books import read_machine_prices, read_prices
from assets.project import Project
from assets.registries.history import merged_catalogue
from pipelines.prediction.list_prices import ListPrices
from pipelines.prediction.predictions import predictions
from pipelines.registry.frames import registry_tables

PLANS = "core_registry__plans"


def predicted_now(project: Project, month: str) -> pl.DataFrame:
    """The predictions of a month by today's catalogue, prices and calibrations.

    Raises:
        SettingsInvalid: a price book is not what its format says.
        LakeUnreachable: a book, a snapshot or a calibration cannot be read.
    """
    catalogue = merged_catalogue(project).catalogue
    calibration, _ = read_sets(project).in_force(month)
    return predictions(
        month,
        registry_tables(catalogue, month)[PLANS],
        catalogue.formulas,
        ListPrices(read_machine_prices(project), read_prices(project)),
        calibration,
    )
