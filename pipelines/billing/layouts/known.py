"""The layouts in the order they are asked whether they know the names of an export's files."""

from collections.abc import Sequence
from typing import Final

from pipelines.billing.layouts import Layout
from pipelines.billing.layouts.alibaba_oss import AlibabaOss
from pipelines.billing.layouts.aws_data_exports import AwsDataExports
from pipelines.billing.layouts.aws_report import AwsReport
from pipelines.billing.layouts.azure_exports import AzureExports
from pipelines.billing.layouts.loose import Loose
from pipelines.billing.layouts.owned_folder import OwnedFolder

LAYOUTS: Final[tuple[Layout, ...]] = (
    AwsReport(),
    AwsDataExports(),
    AzureExports(),
    AlibabaOss(),
    OwnedFolder(),
    Loose(),
)


def layout_of(names: Sequence[str]) -> Layout:
    """How files with these names are laid out."""
    return next(layout for layout in LAYOUTS if layout.recognises(names))
