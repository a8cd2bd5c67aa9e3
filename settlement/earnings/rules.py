"""Why an order may be left out of a settlement. Pure."""

from enum import StrEnum


class ParkReason(StrEnum):
    """Why an order is left out of a settlement until somebody acts."""

    NO_SCHEDULE = "NO_SCHEDULE"
    SCHEDULE_UNUSABLE = "SCHEDULE_UNUSABLE"
    NO_TARIFF = "NO_TARIFF"
    NOT_PAID = "NOT_PAID"
    RULE_MISSING = "RULE_MISSING"
    DISPUTED = "DISPUTED"
    NOT_COUNTERSIGNED = "NOT_COUNTERSIGNED"
    OUT_OF_BOUNDS = "OUT_OF_BOUNDS"


PARK_TITLES = {
    ParkReason.NO_SCHEDULE: "没有已签署的分配方案",
    ParkReason.SCHEDULE_UNUSABLE: "分配方案无法计算",
    ParkReason.NO_TARIFF: "没有收费标准",
    ParkReason.NOT_PAID: "款项尚未到账",
    ParkReason.RULE_MISSING: "政策参数未配置",
    ParkReason.DISPUTED: "争议中的金额",
    ParkReason.NOT_COUNTERSIGNED: "交付尚未会签",
    ParkReason.OUT_OF_BOUNDS: "数值明显异常",
}
