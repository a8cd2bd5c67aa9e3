"""Every blueprint of the application, in the order in which they are registered."""

from __future__ import annotations

import market.approvals.api
import market.approvals.pages
import market.bank_lines.api
import market.bank_lines.pages
import market.buyer_accounts.api
import market.buyer_accounts.pages
import market.catalogue.api
import market.catalogue.pages
import market.comparisons.api
import market.comparisons.pages
import market.contracts.api
import market.contracts.pages
import market.disputes.api
import market.disputes.pages
import market.entitlements.api
import market.entitlements.pages
import market.feedback.api
import market.feedback.pages
import market.feeds.pages
import market.gateways.api
import market.gateways.pages
import market.interchange.api
import market.interchange.pages
import market.invoices.api
import market.invoices.pages
import market.limits.api
import market.limits.pages
import market.listings.api
import market.listings.pages
import market.orders.api
import market.orders.pages
import market.payments.api
import market.payments.pages
import market.receipts.api
import market.receipts.pages
import market.refunds.api
import market.refunds.pages
import market.reuse.api
import market.reuse.pages
import market.stripe_inbox.api
import market.tmforum.api
import market.trade_records.api
import market.trade_records.pages
import market.webhooks.api
import market.webhooks.pages
import pricing.adjustments.api
import pricing.adjustments.pages
import pricing.assessments.api
import pricing.assessments.pages
import pricing.cap_plans.api
import pricing.cap_plans.pages
import pricing.ceilings.api
import pricing.ceilings.pages
import pricing.charges.api
import pricing.charges.pages
import pricing.classes.api
import pricing.classes.pages
import pricing.complaints.api
import pricing.complaints.pages
import pricing.cost_sheets.api
import pricing.cost_sheets.pages
import pricing.costs.api
import pricing.costs.pages
import pricing.cycles.api
import pricing.cycles.pages
import pricing.determinations.api
import pricing.determinations.pages
import pricing.editor.api
import pricing.editor.pages
import pricing.exemptions.api
import pricing.exemptions.pages
import pricing.headroom.api
import pricing.headroom.pages
import pricing.misuses.api
import pricing.misuses.pages
import pricing.negotiated.api
import pricing.negotiated.pages
import pricing.publications.api
import pricing.publications.pages
import pricing.services.api
import pricing.services.pages
import pricing.tariffs.api
import pricing.tariffs.pages
import registry.access.api
import registry.access.pages
import registry.accounts.api
import registry.accounts.pages
import registry.agreements.api
import registry.applications.api
import registry.applications.pages
import registry.authorizations.pages
import registry.calls.api
import registry.calls.pages
import registry.closings.api
import registry.closings.pages
import registry.desk.api
import registry.desk.pages
import registry.disclosures.api
import registry.disclosures.pages
import registry.drafts.api
import registry.drafts.pages
import registry.duties.api
import registry.duties.pages
import registry.egress.api
import registry.egress.pages
import registry.emergency.api
import registry.emergency.pages
import registry.evaluations.api
import registry.evaluations.pages
import registry.exits.api
import registry.exits.pages
import registry.incidents.api
import registry.incidents.pages
import registry.key_rotations.api
import registry.key_rotations.pages
import registry.objections.api
import registry.objections.pages
import registry.onboarding.api
import registry.onboarding.pages
import registry.operator_reviews.api
import registry.operator_reviews.pages
import registry.parties.api
import registry.parties.pages
import registry.persons.api
import registry.persons.pages
import registry.plans.api
import registry.plans.pages
import registry.products.api
import registry.products.pages
import registry.public_register.api
import registry.public_register.pages
import registry.quality.api
import registry.quality.pages
import registry.records.api
import registry.records.pages
import registry.register_desk.api
import registry.register_desk.pages
import registry.registrations.api
import registry.registrations.pages
import registry.relations.api
import registry.relations.pages
import registry.requests.api
import registry.requests.pages
import registry.resources.api
import registry.resources.pages
import registry.selections.api
import registry.selections.pages
import registry.service_agreements.api
import registry.service_agreements.pages
import registry.sharing.pages
import registry.suspensions.api
import registry.suspensions.pages
import registry.training.api
import registry.training.pages
import registry.workspace.api
import registry.workspace.pages
import settlement.breaks.api
import settlement.breaks.pages
import settlement.clawbacks.api
import settlement.clawbacks.pages
import settlement.closing.api
import settlement.closing.pages
import settlement.deliveries.api
import settlement.deliveries.pages
import settlement.lateness.api
import settlement.lateness.pages
import settlement.ledger.api
import settlement.ledger.pages
import settlement.metering.api
import settlement.metering.pages
import settlement.notices.api
import settlement.objections.api
import settlement.objections.pages
import settlement.packs.api
import settlement.packs.pages
import settlement.payees.api
import settlement.payees.pages
import settlement.payouts.api
import settlement.payouts.pages
import settlement.reconciliation.api
import settlement.reconciliation.pages
import settlement.reports.api
import settlement.reports.pages
import settlement.revenue.api
import settlement.runs.api
import settlement.runs.pages
import settlement.splits.api
import settlement.splits.pages
import settlement.statements.api
import settlement.statements.pages
import settlement.takings.api
import settlement.takings.pages
import settlement.what_if.api
import settlement.what_if.pages
from web import (
    assessing,
    calc_api,
    contract_template,
    delivering,
    desks,
    disclosing,
    downloading,
    equal_prices,
    exchange,
    home,
    loading,
    loading_api,
    operating,
    paying,
    pricing_desk,
    receipting,
    repricing,
    stripe_hooks,
    suspense,
    trying,
)

API_BLUEPRINTS = [
    registry.accounts.api.blueprint, registry.parties.api.blueprint,
    registry.access.api.blueprint,
    registry.onboarding.api.blueprint,
    registry.plans.api.blueprint, registry.calls.api.blueprint,
    registry.applications.api.blueprint, registry.selections.api.blueprint,
    registry.operator_reviews.api.blueprint,
    registry.training.api.blueprint, registry.key_rotations.api.blueprint,
    registry.persons.api.blueprint, registry.relations.api.blueprint,
    registry.agreements.api.blueprint,
    registry.suspensions.api.blueprint,
    registry.exits.api.endings,
    registry.exits.api.blueprint,
    registry.emergency.api.blueprint,
    registry.service_agreements.api.blueprint,
    registry.resources.api.blueprint, registry.quality.api.blueprint,
    registry.requests.api.blueprint,
    registry.drafts.api.blueprint,
    registry.products.api.blueprint,
    registry.egress.api.blueprint,
    registry.desk.api.blueprint,
    registry.registrations.api.blueprint,
    registry.closings.api.blueprint,
    registry.workspace.api.blueprint,
    registry.records.api.blueprint,
    registry.register_desk.api.blueprint,
    registry.objections.api.blueprint,
    registry.public_register.api.blueprint,
    registry.duties.api.blueprint,
    registry.incidents.api.blueprint,
    registry.evaluations.api.blueprint,
    registry.disclosures.api.blueprint,
    pricing.charges.api.blueprint,
    pricing.cost_sheets.api.blueprint,
    pricing.costs.api.blueprint,
    pricing.ceilings.api.blueprint,
    pricing.ceilings.api.caps,
    pricing.determinations.api.blueprint,
    pricing.cap_plans.api.blueprint,
    pricing_desk.api,
    pricing.classes.api.blueprint,
    pricing.editor.api.blueprint,
    pricing.tariffs.api.blueprint,
    pricing.tariffs.api.prices,
    pricing.publications.api.blueprint,
    pricing.negotiated.api.blueprint,
    pricing.services.api.blueprint,
    equal_prices.api,
    pricing.exemptions.api.blueprint,
    pricing.misuses.api.blueprint,
    pricing.complaints.api.blueprint,
    repricing.api,
    market.catalogue.api.blueprint,
    market.comparisons.api.blueprint,
    market.listings.api.blueprint,
    market.orders.api.blueprint,
    market.contracts.api.blueprint,
    market.approvals.api.blueprint,
    market.trade_records.api.blueprint,
    market.payments.api.blueprint,
    paying.api,
    market.bank_lines.api.blueprint,
    market.buyer_accounts.api.blueprint,
    market.refunds.api.blueprint,
    market.stripe_inbox.api.blueprint,
    suspense.api,
    market.invoices.api.blueprint,
    market.entitlements.api.blueprint,
    market.receipts.api.blueprint,
    receipting.api,
    market.disputes.api.blueprint,
    market.reuse.api.blueprint,
    market.feedback.api.blueprint,
    market.interchange.api.blueprint,
    market.tmforum.api.blueprint,
    market.webhooks.api.blueprint,
    loading_api.blueprint,
    delivering.api,
    market.gateways.api.blueprint,
    market.limits.api.blueprint,
    settlement.metering.api.usage, settlement.lateness.api.blueprint,
    settlement.revenue.api.blueprint, settlement.splits.api.blueprint,
    settlement.notices.api.blueprint, settlement.objections.api.blueprint,
    settlement.closing.api.blueprint, settlement.ledger.api.blueprint,
    settlement.runs.api.blueprint, settlement.statements.api.blueprint,
    settlement.clawbacks.api.blueprint, settlement.payees.api.blueprint, settlement.payouts.api.blueprint,
    settlement.what_if.api.blueprint, settlement.takings.api.blueprint, settlement.deliveries.api.blueprint,
    calc_api.blueprint,
    pricing.assessments.api.blueprint,
    settlement.packs.api.blueprint,
    settlement.reports.api.blueprint, settlement.reconciliation.api.blueprint, settlement.breaks.api.blueprint,
    pricing.adjustments.api.blueprint,
    pricing.cycles.api.blueprint,
    pricing.headroom.api.blueprint,
    assessing.api,
    disclosing.api,
    desks.api, operating.api,
]  # fmt: skip
# called by programs, outside the documented API: the data plane and the probes
PLAIN_BLUEPRINTS = [stripe_hooks.blueprint, exchange.blueprint, downloading.blueprint, home.probes]
PAGE_BLUEPRINTS = [
    home.blueprint,
    desks.blueprint,
    registry.accounts.pages.blueprint,
    registry.parties.pages.blueprint,
    registry.access.pages.blueprint,
    registry.onboarding.pages.blueprint,
    registry.plans.pages.blueprint,
    registry.calls.pages.blueprint,
    registry.applications.pages.blueprint,
    registry.selections.pages.blueprint,
    registry.operator_reviews.pages.blueprint,
    registry.training.pages.blueprint,
    registry.key_rotations.pages.blueprint,
    registry.persons.pages.blueprint,
    registry.relations.pages.blueprint,
    registry.authorizations.pages.blueprint,
    registry.suspensions.pages.blueprint,
    registry.exits.pages.blueprint,
    registry.emergency.pages.blueprint,
    registry.service_agreements.pages.blueprint,
    registry.resources.pages.blueprint,
    registry.quality.pages.blueprint,
    registry.sharing.pages.blueprint,
    registry.requests.pages.blueprint,
    registry.drafts.pages.blueprint,
    registry.products.pages.blueprint,
    registry.egress.pages.blueprint,
    registry.desk.pages.blueprint,
    registry.registrations.pages.blueprint,
    registry.closings.pages.blueprint,
    registry.workspace.pages.blueprint,
    registry.records.pages.blueprint,
    registry.register_desk.pages.blueprint,
    registry.objections.pages.blueprint,
    registry.public_register.pages.blueprint,
    registry.duties.pages.blueprint,
    registry.incidents.pages.blueprint,
    registry.evaluations.pages.blueprint,
    registry.disclosures.pages.blueprint,
    pricing.charges.pages.blueprint,
    pricing.cost_sheets.pages.blueprint,
    pricing.costs.pages.blueprint,
    pricing.ceilings.pages.blueprint,
    pricing.determinations.pages.blueprint,
    pricing.cap_plans.pages.blueprint,
    pricing_desk.blueprint,
    pricing.tariffs.pages.blueprint,
    pricing.editor.pages.blueprint,
    pricing.classes.pages.blueprint,
    pricing.negotiated.pages.blueprint,
    equal_prices.blueprint,
    pricing.exemptions.pages.blueprint,
    pricing.misuses.pages.blueprint,
    pricing.complaints.pages.blueprint,
    repricing.blueprint,
    market.catalogue.pages.blueprint,
    market.comparisons.pages.blueprint,
    market.feeds.pages.blueprint,
    contract_template.blueprint,
    market.listings.pages.blueprint,
    market.orders.pages.blueprint,
    market.contracts.pages.blueprint,
    market.approvals.pages.blueprint,
    market.trade_records.pages.blueprint,
    market.payments.pages.blueprint,
    paying.blueprint,
    market.bank_lines.pages.blueprint,
    market.buyer_accounts.pages.blueprint,
    market.refunds.pages.blueprint,
    suspense.blueprint,
    market.invoices.pages.blueprint,
    market.entitlements.pages.blueprint,
    receipting.blueprint,
    market.receipts.pages.blueprint,
    market.disputes.pages.blueprint,
    market.reuse.pages.blueprint,
    market.feedback.pages.blueprint,
    market.interchange.pages.blueprint,
    market.webhooks.pages.blueprint,
    loading.blueprint,
    delivering.blueprint,
    downloading.pages,
    market.gateways.pages.blueprint,
    market.limits.pages.blueprint,
    trying.blueprint,
    settlement.metering.pages.blueprint,
    settlement.lateness.pages.blueprint,
    pricing.services.pages.blueprint,
    pricing.publications.pages.blueprint,
    settlement.ledger.pages.blueprint,
    settlement.closing.pages.blueprint,
    settlement.runs.pages.blueprint,
    settlement.splits.pages.blueprint,
    settlement.objections.pages.blueprint,
    settlement.statements.pages.blueprint,
    settlement.clawbacks.pages.blueprint,
    settlement.payees.pages.blueprint,
    settlement.payouts.pages.blueprint,
    settlement.reports.pages.blueprint, settlement.packs.pages.blueprint,
    settlement.reconciliation.pages.blueprint, settlement.breaks.pages.blueprint,
    settlement.what_if.pages.blueprint,
    settlement.takings.pages.blueprint,
    settlement.deliveries.pages.blueprint,
    pricing.assessments.pages.blueprint,
    pricing.adjustments.pages.blueprint,
    pricing.cycles.pages.blueprint,
    pricing.headroom.pages.blueprint,
    assessing.blueprint,
    disclosing.blueprint, operating.blueprint,
]  # fmt: skip
