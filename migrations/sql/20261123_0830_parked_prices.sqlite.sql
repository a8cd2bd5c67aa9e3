CREATE TABLE pricing_parked_price (
	number TEXT NOT NULL,
	place TEXT NOT NULL,
	product_id CHAR(32) NOT NULL,
	seller_id CHAR(32) NOT NULL,
	scope TEXT NOT NULL,
	charge_unit VARCHAR(40) NOT NULL,
	effective_from DATE NOT NULL,
	terms JSON NOT NULL,
	before_id CHAR(32) NOT NULL,
	old_unit_price_max BIGINT NOT NULL,
	new_unit_price_max BIGINT NOT NULL,
	reason TEXT NOT NULL,
	state VARCHAR(40) NOT NULL,
	asked_by CHAR(32) NOT NULL,
	asked_at DATETIME NOT NULL,
	decided_by CHAR(32),
	decided_at DATETIME,
	note TEXT,
	tariff_id CHAR(32),
	id CHAR(32) NOT NULL,
	version BIGINT NOT NULL,
	CONSTRAINT pk_pricing_parked_price PRIMARY KEY (id),
	CONSTRAINT ck_pricing_parked_price_reason_is_written CHECK (length(reason) > 0),
	CONSTRAINT ck_pricing_parked_price_is_a_change CHECK (old_unit_price_max <> new_unit_price_max),
	CONSTRAINT ck_pricing_parked_price_decided_at_known CHECK ((state = 'waiting') = (decided_at IS NULL)),
	CONSTRAINT ck_pricing_parked_price_decided_by_known CHECK ((decided_at IS NULL) = (decided_by IS NULL)),
	CONSTRAINT ck_pricing_parked_price_two_persons CHECK (state <> 'released' OR decided_by <> asked_by),
	CONSTRAINT ck_pricing_parked_price_released_for_a_reason CHECK (state <> 'released' OR length(note) > 0),
	CONSTRAINT ck_pricing_parked_price_released_as_a_price CHECK ((state = 'released') = (tariff_id IS NOT NULL)),
	CONSTRAINT uq_pricing_parked_price_number UNIQUE (number),
	CONSTRAINT fk_pricing_parked_price_product_id FOREIGN KEY(product_id) REFERENCES registry_product (id),
	CONSTRAINT fk_pricing_parked_price_seller_id FOREIGN KEY(seller_id) REFERENCES registry_party (id),
	CONSTRAINT ck_pricing_parked_price_chargeunit CHECK (charge_unit IN ('per_item', 'per_use', 'per_period', 'per_data_volume')),
	CONSTRAINT fk_pricing_parked_price_before_id FOREIGN KEY(before_id) REFERENCES pricing_tariff (id),
	CONSTRAINT ck_pricing_parked_price_parkedstate CHECK (state IN ('waiting', 'released', 'withdrawn')),
	CONSTRAINT fk_pricing_parked_price_tariff_id FOREIGN KEY(tariff_id) REFERENCES pricing_tariff (id)
)
--
CREATE INDEX ix_pricing_parked_price_before_id ON pricing_parked_price (before_id)
--
CREATE INDEX ix_pricing_parked_price_place ON pricing_parked_price (place)
--
CREATE INDEX ix_pricing_parked_price_product_id ON pricing_parked_price (product_id)
--
CREATE INDEX ix_pricing_parked_price_seller_id ON pricing_parked_price (seller_id)
--
CREATE INDEX ix_pricing_parked_price_state ON pricing_parked_price (state)
--
CREATE INDEX ix_pricing_parked_price_tariff_id ON pricing_parked_price (tariff_id)
--
CREATE UNIQUE INDEX uq_pricing_parked_price_waiting ON pricing_parked_price (product_id, scope) WHERE state = 'waiting'
--
CREATE TRIGGER pricing_parked_price_final BEFORE UPDATE ON pricing_parked_price WHEN OLD.state <> 'waiting' OR CAST(NEW.terms AS TEXT) <> CAST(OLD.terms AS TEXT) OR NEW.number <> OLD.number OR NEW.place <> OLD.place OR NEW.product_id <> OLD.product_id OR NEW.seller_id <> OLD.seller_id OR NEW.scope <> OLD.scope OR NEW.charge_unit <> OLD.charge_unit OR NEW.effective_from <> OLD.effective_from OR NEW.before_id <> OLD.before_id OR NEW.old_unit_price_max <> OLD.old_unit_price_max OR NEW.new_unit_price_max <> OLD.new_unit_price_max OR NEW.reason <> OLD.reason OR NEW.asked_by <> OLD.asked_by OR NEW.asked_at <> OLD.asked_at BEGIN SELECT RAISE(ABORT, 'a parked price stays as it was asked for and is decided once'); END
--
CREATE TRIGGER pricing_parked_price_kept BEFORE DELETE ON pricing_parked_price WHEN OLD.id = OLD.id BEGIN SELECT RAISE(ABORT, 'a parked price is kept'); END
