"""The facts of the demo shop: accounts, machines, prices and what happened when.

July 2026: visual-search v1 is trained (one attempt fails first); the fraud check moves from its own
GPU node to Kubernetes on the 15th, and nobody switches the old node off.
August: search-rank v8 is fine-tuned from v7 and rolled out from the 10th to the 13th on four extra
instances; item-recs v4 is fine-tuned on an EC2 node; the Kubernetes node is off for five days.
September: visual-search v1 goes live, item-recs v4 joins v3 on its node, the output tokens of the
managed API become cheaper, and from the 10th search-rank has a fifth instance for a campaign.
"""

from datetime import datetime
from decimal import Decimal
from typing import Final

MONTHS: Final = ("2026-07", "2026-08", "2026-09")
REGION: Final = "us-east-1"


def at(month: int, day: int, hour: int = 0) -> datetime:
    """An instant of the demo's year (UTC, without zone)."""
    return datetime(2026, month, day, hour)  # noqa: DTZ001 -- UTC-naive by convention


QUARTER_START: Final = at(7, 1)
QUARTER_END: Final = at(10, 1)

SHOP_ACCOUNT: Final = "444455556666"
"""The web shop's account; it also pays the invoice and owns both savings plans."""
ML_ACCOUNT: Final = "111122223333"
"""The ML platform's account."""

# --- models in service -------------------------------------------------------------------------
SEARCH_ENDPOINT: Final = f"arn:aws:sagemaker:{REGION}:{ML_ACCOUNT}:endpoint/search-rank"
VISUAL_ENDPOINT: Final = f"arn:aws:sagemaker:{REGION}:{ML_ACCOUNT}:endpoint/visual-search"
RECS_NODE: Final = "i-0a11c0de0000recs1"
OLD_FRAUD_NODE: Final = "i-0b22c0de00fraud01"
EKS_NODE: Final = "i-0c33c0de0000eks01"
PRICE_POD: Final = (
    f"arn:aws:eks:{REGION}:{ML_ACCOUNT}:pod/shop-ml/pricing/price-model-v5-0/"
    "0f6a4d0e-5d0c-4a52-9a3e-000000000005"
)
FRAUD_POD: Final = (
    f"arn:aws:eks:{REGION}:{ML_ACCOUNT}:pod/shop-ml/risk/fraud-score-v3-0/"
    "0f6a4d0e-5d0c-4a52-9a3e-000000000003"
)
INGRESS_POD: Final = (
    f"arn:aws:eks:{REGION}:{ML_ACCOUNT}:pod/shop-ml/ingress/nginx-0/"
    "0f6a4d0e-5d0c-4a52-9a3e-000000000001"
)
BEDROCK_MODEL: Final = "anthropic.claude-sonnet-4-6"

ROLL_OUT_START: Final = at(8, 10)
ROLL_OUT_END: Final = at(8, 13)
FIFTH_INSTANCE_FROM: Final = at(9, 10)
FRAUD_MOVED: Final = at(7, 15)
EKS_OFF_FROM: Final = at(8, 24)
EKS_OFF_UNTIL: Final = at(8, 29)
VISUAL_LIVE_FROM: Final = at(9, 1)
RECS_V4_FROM: Final = at(9, 1)
TOKEN_PRICE_CUT: Final = at(9, 1)


def search_instances(hour: datetime) -> int:
    """How many ml.g5.2xlarge serve the endpoint search-rank: 4, 8 in the roll-out, 5 at the end."""
    if ROLL_OUT_START <= hour < ROLL_OUT_END:
        return 8
    return 5 if hour >= FIFTH_INSTANCE_FROM else 4


def eks_is_on(hour: datetime) -> bool:
    """The Kubernetes GPU node was off for a cluster upgrade."""
    return not EKS_OFF_FROM <= hour < EKS_OFF_UNTIL


# --- runs -------------------------------------------------------------------------------------
TRAINING_JOB: Final = f"arn:aws:sagemaker:{REGION}:{ML_ACCOUNT}:training-job/"
VISUAL_TRAINING: Final = TRAINING_JOB + "visual-search-v1"
VISUAL_FAILED: Final = TRAINING_JOB + "visual-search-v1-try-1"
SEARCH_UPDATE: Final = TRAINING_JOB + "search-rank-v8-finetune"
SEARCH_FEATURES: Final = (
    f"arn:aws:sagemaker:{REGION}:{ML_ACCOUNT}:processing-job/search-rank-features"
)
NOTEBOOK: Final = f"arn:aws:sagemaker:{REGION}:{ML_ACCOUNT}:notebook-instance/old-experiments"
TRAINING_NODE: Final = "i-0d44c0de00train01"
TRAINING_NODE_FROM: Final = at(8, 17)
TRAINING_NODE_UNTIL: Final = at(9, 1)

TRAINING_PRICE: Final = Decimal("25.25")
VISUAL_TRAINING_HOURS: Final = 40
VISUAL_TRAINING_INSTANCES: Final = 2
VISUAL_FAILED_HOURS: Final = 10
SEARCH_UPDATE_HOURS: Final = 24
"""The last of these hours is missing from August's first delivery."""

# --- prices, USD ------------------------------------------------------------------------------
SEARCH_PRICE: Final = Decimal("1.515")
VISUAL_PRICE: Final = Decimal("1.408")
NOTEBOOK_PRICE: Final = Decimal("0.736")
FEATURES_PRICE: Final = Decimal("0.461")
G5_PRICE: Final = Decimal("1.006")
G5_12_PRICE: Final = Decimal("5.672")
G4_PRICE: Final = Decimal("0.526")
WEB_PRICE: Final = Decimal("0.096")
DATABASE_PRICE: Final = Decimal("0.25")

INPUT_PRICE: Final = Decimal("0.003")
CACHE_READ_PRICE: Final = Decimal("0.0003")
OUTPUT_PRICE: Final = Decimal("0.015")
OUTPUT_PRICE_AFTER_CUT: Final = Decimal("0.012")
"""Per 1,000 tokens."""

STORAGE_PRICE: Final = Decimal("0.023")
VOLUME_PRICE: Final = Decimal("0.08")
TRANSFER_PRICE: Final = Decimal("0.09")
REGIONAL_PRICE: Final = Decimal("0.01")
CDN_PRICE: Final = Decimal("0.085")
REQUEST_PRICE: Final = Decimal("0.0000004")

# --- commitments ------------------------------------------------------------------------------
ML_PLAN: Final = f"arn:aws:savingsplans::{SHOP_ACCOUNT}:savingsplan/5a9e0001-ml"
ML_COMMITMENT: Final = Decimal("1.94")
ML_COVERED_INSTANCES: Final = 2
ML_RATE: Final = Decimal("0.97")
"""Two instance-hours of ml.g5.2xlarge at 0.97: always used in full."""

COMPUTE_PLAN: Final = f"arn:aws:savingsplans::{SHOP_ACCOUNT}:savingsplan/5a9e0002-compute"
COMPUTE_COMMITMENT: Final = Decimal("0.80")
G5_PLAN_RATE: Final = Decimal("0.66")
WEB_PLAN_RATE: Final = Decimal("0.07")
"""0.73 of 0.80 an hour is used; 0.66 once the first web server is gone (September)."""

RESERVATION: Final = f"arn:aws:ec2:{REGION}:{ML_ACCOUNT}:reserved-instances/7e5e0001-g4dn"
RESERVED_RECURRING: Final = Decimal("0.20")
RESERVED_UPFRONT: Final = Decimal("0.10")
RESERVATION_HOURS: Final = 8760
"""One g4dn.xlarge for a year from 1 July: 876.00 at once and 0.20 an hour."""

# --- what is charged beside usage -------------------------------------------------------------
EDP_RATE: Final = Decimal("0.03")
SUPPORT_RATE: Final = Decimal("0.03")
TAX_RATE: Final = Decimal("0.05")
CREDIT_FIRST: Final = Decimal("-250.00")
CREDIT_RESTATED: Final = Decimal("-300.00")
REFUND: Final = Decimal("-36.36")
"""24 instance-hours of the endpoint search-rank at 1.515."""
MARKETPLACE_FEE: Final = Decimal("99.00")

RESTATEMENT: Final = TRAINING_PRICE + CREDIT_RESTATED - CREDIT_FIRST
"""August's second delivery less its first: one training hour more, 50.00 more credit: -24.75."""

# --- storage ----------------------------------------------------------------------------------
SHARED_BUCKET: Final = "shop-models"
VISUAL_BUCKET: Final = "visual-search-weights"
ARCHIVE_BUCKET: Final = "model-archive"
IMAGE_BUCKET: Final = "shop-images"
RECS_VOLUME: Final = "vol-0a11c0de0000recs1"
FRAUD_VOLUME: Final = "vol-0b22c0de00fraud01"
