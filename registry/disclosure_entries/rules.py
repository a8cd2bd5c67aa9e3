"""DIS-01 to DIS-13 as data: what, who to whom, when, from which act, and where this platform fulfils it; pure."""

from __future__ import annotations

from dataclasses import dataclass

from registry.parties.rules import N_


@dataclass(frozen=True, slots=True)
class Entry:
    """One duty of disclosure or report.

    ``page`` is the public page that shows it, ``duty`` says that it is followed up in the list of duties, and
    ``parameter`` names the policy value that holds its day or interval.
    """

    rule: str
    what: str
    contains: str
    owed_by: str
    owed_to: str
    due: str
    source: str
    parameter: str = ""
    page: str = ""
    duty: bool = False


PUBLIC = N_("社会公众")
IMPLEMENTING, OPERATOR, AUTHORIZING = N_("实施机构"), N_("运营机构"), N_("授权主体")
PRICE_AND_DATA = N_("发展改革部门、数据管理部门")
ENTRIES: tuple[Entry, ...] = (
    Entry(
        "DIS-01", N_("上一年度经营情况报告"),
        N_("总体运营、成本、实际收入和利润、各产品销量和收入、与最高准许收入的偏离、收费标准调整"),
        AUTHORIZING, PRICE_AND_DATA, N_("每年"), "发改价格〔2025〕65号 五", "pricing.report_due", duty=True,
    ),
    Entry(
        "DIS-02", N_("实施机构年度信息披露"), N_("机构信息、授权信息、上限收费标准"), IMPLEMENTING, PUBLIC,
        N_("每年"), "国家数据局综合司 2026-02-10 通知", "disclosure.implementing_institution_due",
        "/disclosures", duty=True,
    ),
    Entry(
        "DIS-03", N_("运营机构年度信息披露"), N_("机构信息、获授权的数据资源、产品和服务清单、具体收费标准"), OPERATOR,
        PUBLIC, N_("每年"), "国家数据局综合司 2026-02-10 通知", "disclosure.operating_institution_due",
        "/disclosures", duty=True,
    ),
    Entry(
        "DIS-04", N_("授权情况披露"), N_("授权对象、内容、范围和时限"), IMPLEMENTING, PUBLIC, N_("定期"),
        "发改数据规〔2025〕27号 第十八条", "disclosure.authorization_months", duty=True,
    ),
    Entry(
        "DIS-05", N_("产品清单和数据使用情况披露"), N_("产品和服务清单（及时）、公共数据资源使用情况（定期）"),
        OPERATOR, PUBLIC, N_("定期"), "发改数据规〔2025〕27号 第十九条", "disclosure.resource_use_months",
        "/catalogue", duty=True,
    ),
    Entry(
        "DIS-06", N_("授权运营情况披露"), N_("公共数据授权运营的总体情况"), N_("市政务大数据管理机构"), PUBLIC,
        N_("定期"), "穗政数〔2024〕44号", "disclosure.operation_status_months", duty=True,
    ),
    Entry(
        "DIS-07", N_("价目公示"), N_("产品和服务项目清单、收费标准"), OPERATOR, PUBLIC, N_("收费前"),
        "发改价格〔2025〕65号 五", "disclosure.price_list_before_charging", "/prices",
    ),
    Entry(
        "DIS-08", N_("上限收费标准书面报告"), N_("上限收费标准及书面报告文号"), AUTHORIZING, PRICE_AND_DATA,
        N_("制定时"), "发改价格〔2025〕65号 二", "", "/prices",
    ),
    Entry(
        "DIS-09", N_("运营安全情况报告"), N_("半年度运营安全情况"), OPERATOR, N_("公共数据主管部门"),
        N_("每半年"), "新昌县实施方案 三（五）6", "report.security.months", duty=True,
    ),
    Entry(
        "DIS-10", N_("授权运营年度运营报告"), N_("满一年的运营情况"), OPERATOR, N_("公共数据主管部门"),
        N_("授权每满一年"), "新昌县实施方案 三（五）8", "report.annual_operation.months", duty=True,
    ),
    Entry(
        "DIS-11", N_("运营机构、领域和场景公开"), N_("选定的运营机构、授权领域和应用场景"), N_("公共数据主管部门"),
        N_("社会公众，并报省政府备案"), N_("选定时"), "新昌县实施方案 三（四）3（4）",
        "disclosure.selection_result_required", duty=True,
    ),
    Entry(
        "DIS-12", N_("登记公示"), N_("登记主体、产品和登记内容，可提出异议"), N_("登记机构"), PUBLIC, N_("公示期内"),
        "发改数据规〔2025〕26号 第十二条", "registration.notice_working_days", "/registry",
    ),
    Entry(
        "DIS-13", N_("实施方案和协议备案"), N_("实施方案、授权运营协议"), N_("实施机构"), N_("省级数据管理部门"),
        N_("审定、签订时"), "发改数据规〔2025〕27号 第十一条、第十三条", "agreement.filing_required", duty=True,
    ),
)  # fmt: skip


def entry(rule: str) -> Entry:
    """Return the entry of a rule such as ``DIS-07``.

    Raises:
        KeyError: there is no such entry.
    """
    for found in ENTRIES:
        if found.rule == rule:
            return found
    raise KeyError(rule)
