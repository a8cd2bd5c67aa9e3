"""The mandatory contents of a plan (27号 第九条) and of an agreement (27号 第十四条), as the demonstration has them."""

from __future__ import annotations

from registry.clauses.rules import AgreementItem
from registry.plans.rules import PlanItem
from web.demo.cast import Place


def contents(place: Place) -> dict[str, str]:
    """Return the text of every mandatory content; ratios and figures are made up and binding nowhere."""
    agreement = place.agreement
    catalogue = "；".join(f"《{found.title}》（{found.update_frequency}更新）" for found in place.resources)
    products = "；".join(found.title for found in place.products)
    texts = {
        AgreementItem.RESOURCE_SCOPE: f"授权范围以本协议所附目录为准：{catalogue}。",
        AgreementItem.TERM: f"自 {agreement.term_start} 起，至 {agreement.term_end} 前一日止。",
        AgreementItem.PRODUCT_LIST: f"拟提供：{products}；每一版本经合规安全审核并登记后方可提供。",
        AgreementItem.PLATFORM: f"支撑平台：{agreement.platform}，原始数据不出域。",
        AgreementItem.ASSET_OWNERSHIP: "平台软硬件按出资归属；产品的经营权归出售方，公共数据资源不因本协议转移。",
        AgreementItem.DISCLOSURE: "按期披露资源使用和产品清单；运营机构不得直接或间接参与已交付产品的再开发。",
        AgreementItem.ACCOUNTING: f"成本和收入单独核算。分配机制（演示约定）：{agreement.distribution}。",
        AgreementItem.SECURITY: "落实数据安全、个人信息保护和风险监测；发现风险立即停止处理并报告。",
        AgreementItem.EVALUATION: "每年评价一次，结果作为续约或退出的依据。",
        AgreementItem.LIABILITY: "违约方承担整改、赔偿责任；未按期整改的，终止相关数据授权。",
        AgreementItem.DISPUTES: "先行协商；协商不成的，向授权主体所在地人民法院起诉。",
        AgreementItem.CHANGE: "变更须书面一致；出现退出情形的，及时关闭权限、删除平台数据并留存日志。",
        AgreementItem.OTHER: "本协议为演示文本，所列比例和金额均为虚构。",
    }
    return {item.value: text for item, text in texts.items()}


def plan_items(place: Place) -> dict[str, str]:
    """Return the text of the twelve items of the implementation plan."""
    catalogue = "；".join(f"《{found.title}》（{found.update_frequency}更新）" for found in place.resources)
    products = "；".join(found.title for found in place.products)
    texts = {
        PlanItem.NAME: place.agreement.title.replace("协议", ""),
        PlanItem.NECESSITY: "社会需求明确、技术可行、风险可控；全生命周期管理服务由运营机构承担。",
        PlanItem.OPERATOR_CONDITIONS: "资金、管理、技术、服务和安全能力符合规定，信用良好。",
        PlanItem.MODE: "按本方案选定的模式授权。",
        PlanItem.RESOURCE_SCOPE: f"资源目录：{catalogue}；数据质量以数源部门登记为准。",
        PlanItem.TERM: f"{place.agreement.term_start} 起至 {place.agreement.term_end} 前一日；建设、评价和退出按协议。",
        PlanItem.PRODUCT_LIST: f"产业发展、行业发展类：{products}；同一产品用于公共治理、公益事业的，免费提供。",
        PlanItem.ACCOUNTING: f"成本和收入单独核算；分配机制（演示）：{place.agreement.distribution}。",
        PlanItem.SECURITY: "原始数据不出域；个人信息去标识；发现风险立即停止并报告。",
        PlanItem.RIGHTS: "实施机构监督，运营机构按授权开发和提供服务，数源部门保障供数。",
        PlanItem.SUPERVISION: "每年考核评价一次，结果公开。",
        PlanItem.OTHER: "本方案为演示文本。",
    }
    return {item.value: text for item, text in texts.items()}
