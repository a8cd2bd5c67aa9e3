"""Sentences that the floors below build with values in them, so that pages can say them in the reader's language.

A text that has the shape of one of them is said by its translation, each value translated in its turn.
"""

from __future__ import annotations

import re
from functools import cache

from flask_babel import gettext
from flask_babel import lazy_gettext as _

from kernel.wording import reads_english

PLACE = re.compile(r"%\((\w+)\)s")
LONGEST = 400  # characters of a sentence: longer ones are documents, not worth the search
SENTENCES = (
    # facts of the gates
    _("%(party)s（%(uscc)s）：%(standing)s"),
    _("服务协议 %(number)s，自 %(start)s 起、%(end)s 前有效"),
    _("协议 %(number)s，期限 %(start)s 起、%(end)s 前"),
    _("协议 %(number)s，期限 %(start)s 起、%(end)s 前；当前“%(state)s”，不在有效的授权期限内"),
    _("场景“%(scenario)s”的 %(count)s 项数据均已获同意"),
    _("未获同意、授权已终止或不予开放：%(missing)s"),
    _("第 %(version)s 版，审查 %(review)s 已通过"),
    _("第 %(version)s 版正在审查（%(review)s）"),
    _("第 %(version)s 版尚未通过审查"),
    _("出域合规核查 %(number)s 已通过"),
    _("登记编码 %(code)s，有效期至 %(until)s"),
    _("登记 %(number)s 正在办理"),
    _("挂牌 %(number)s"),
    _("挂牌 %(number)s，已由供方下架"),
    _("交易场所：%(venue)s"),
    _("未解决 %(open)s 项，近 %(window)s 个月已解决 %(resolved)s 项"),
    # deliveries, tickets, service fees
    _("%(title)s（%(code)s）第 %(version)s 版"),
    _("%(count)s 次"),
    _("%(count)s 件"),
    _("数据加工服务费 %(fee)s（自 %(day)s 起）"),
    _("算力支持服务费 %(fee)s（自 %(day)s 起）"),
    _("合规支持服务费 %(fee)s（自 %(day)s 起）"),
    # readiness
    _("%(year)s 年尚无节假日表，距今 %(days)s 天：按国务院办公厅通知补充 holidays/%(again)s.yaml"),
    _("封印至第 %(number)s 号"),
    _("%(job)s 尚未运行"),
    _("%(job)s（逾期：应于 %(since)s 起的一期未完成）"),
    _("%(job)s（上次未成）"),
    # explanations
    _("%(days)s 逐日按当日收费标准计，期外仍为 0.00"),
    _("验证推送地址 · proof of an endpoint"),
    _("测试推送 · test message"),
    _("自 %(day)s 起"),
    _("%(start)s 至 %(end)s"),
    _("第 %(band)s 档"),
    _("本单位分得：%(product)s · %(order)s · %(kind)s"),
    _("第 %(step)s 步：%(kind)s"),
    _("%(sum)s，最大余额法"),
    _("协议 %(agreement)s 分配方案 %(schedule)s 第 %(version)s 版第 %(step)s 步"),
    _("签署：%(party)s"),
    _("同一方案一并分配的 %(count)s 笔收入"),
    _("%(gross)s − 税 %(tax)s"),
    _("%(amount)s（本单位）"),
    _("支付至本单位账户（%(kind)s）"),
    _("上缴国库（非税收入）（%(kind)s）"),
    _("暂挂（%(kind)s）"),
    _("销项税额（税率 %(rate)s）"),
    _("收费标准 %(tariff)s（自 %(day)s 起）"),
    _("收费标准 %(tariff)s，自 %(day)s 起"),
    _("使用：%(entitlement)s"),
    _("其中计费 %(count)s"),
    _("%(calls)s 次调用，查得 %(hits)s 次"),
    _("累计计费 %(count)s"),
    _("累计计费 全部"),
    _("凭证 %(voucher)s"),
    _("税金和其他各方（%(count)s 行）"),
    _("结算 %(run)s"),
    _("底稿摘要 %(digest)s"),
    _("结算编制人"),
    _("结算复核人（另一人）"),
    _("本行分得 · share of this line"),
    _("分配明细 · booked share"),
    _("第 %(step)s 步分给各方 · given to the parties"),
    _("不含税收入 · net"),
    _("税额 · tax"),
    _("含税收入 · gross"),
    _("本期用量 · units used"),
    _("凭证收入 · booked revenue"),
    # prices, costs, charges
    _("最高 ¥ %(price)s / %(unit)s"),
    _("加点（最高 %(limit)s）"),
    _("经营成本（%(survey)s，%(year)s 年，产业、行业用途）"),
    _("%(day)s 使用 %(count)s %(unit)s（%(tariff)s）"),
    _("%(month)s 安全服务（%(charge)s）"),
    _("报价 %(number)s 已于 %(moment)s 过期，请重新询价"),
    # titles of the law and of contract templates
    _("行政单位收入的收款方"),
    _("企业收入的收款方"),
    _("事业单位收入的收款方"),
    _("数据流通交易合同示范文本"),
    _("数据提供合同"),
    _("数据委托处理服务合同"),
    _("数据融合开发合同"),
    _("数据中介服务合同"),
    _("深圳市福田区"),
    _("普洱市"),
    _("深圳数据交易所"),
    _("变更与解除"),
    _("记录保存"),
    _("质量评分中完整性的权重"),
    _("质量评分中准确性的权重"),
    _("质量评分中及时性的权重"),
    _("质量评分中一致性的权重"),
    _("质量评分中其他方面的权重"),
    _("未解决质量问题每项扣分"),
    _("已解决质量问题每项扣分"),
    _("质量评分计入问题的期间"),
    _("当地文件没有要求岗前培训"),
    _("没有未处置完毕的风险事件"),
    _("当地不要求另行登记或备案"),
    _("当地不要求进场交易"),
    _("供方尚未上架"),
    _("尚未运行"),
    _("尚无封印"),
)


@cache
def _shapes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Return each sentence with the shape of the texts that say it; the one with the most words of its own first."""
    sources = [str(one._args[0]) for one in SENTENCES if PLACE.search(one._args[0])]
    sources.sort(key=lambda words: -len(PLACE.sub("", words)))
    return tuple((words, re.compile(_shape(words), re.DOTALL)) for words in sources)


def _shape(words: str) -> str:
    parts = PLACE.split(words)  # words and the names of values in turn
    return "".join(f"(?P<{part}>.+?)" if number % 2 else re.escape(part) for number, part in enumerate(parts))


def said(text: str) -> str:
    """Return a word or a sentence of the program in the reader's language; as it is when it is neither."""
    translated = gettext(text)
    if translated != text or text.isascii() or len(text) > LONGEST or not reads_english():
        return translated
    for words, shape in _shapes():
        if found := shape.fullmatch(text):
            return gettext(words, **{name: said(value) for name, value in found.groupdict().items()})
    return text
