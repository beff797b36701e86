-- +goose Up

-- Leads and customers are the same people, in one table: a lead is a customer who has not booked yet.
ALTER TABLE customers ADD COLUMN status TEXT NOT NULL DEFAULT 'booked' CHECK (status IN
    ('new', 'contacted', 'no_answer', 'engaged', 'booked', 'cancelled', 'not_interested', 'opted_out'));
-- Lists and objects are JSON.
ALTER TABLE customers ADD COLUMN tags TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tags));
ALTER TABLE customers ADD COLUMN source TEXT NOT NULL DEFAULT '';
ALTER TABLE customers ADD COLUMN notes TEXT NOT NULL DEFAULT '';
ALTER TABLE customers ADD COLUMN custom_fields TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(custom_fields));
ALTER TABLE customers ADD COLUMN last_contacted_at INTEGER;
ALTER TABLE customers ADD COLUMN version INTEGER NOT NULL DEFAULT 1;
ALTER TABLE customers ADD COLUMN erased_at INTEGER;
-- Set when the row was merged into another one; like an erased row it holds no personal data any more.
ALTER TABLE customers ADD COLUMN merged_into TEXT REFERENCES customers;

UPDATE customers SET status = 'cancelled' WHERE NOT EXISTS (
    SELECT 1 FROM bookings b WHERE b.customer_id = customers.id AND b.status <> 'cancelled');

-- The version counts changes, whoever makes them: bookings bring newer names along.
-- +goose StatementBegin
CREATE TRIGGER customers_version AFTER UPDATE ON customers
WHEN (OLD.identity, OLD.name, OLD.email, OLD.status, OLD.tags, OLD.source, OLD.notes, OLD.custom_fields, ifnull(OLD.last_contacted_at, 0))
    <> (NEW.identity, NEW.name, NEW.email, NEW.status, NEW.tags, NEW.source, NEW.notes, NEW.custom_fields, ifnull(NEW.last_contacted_at, 0))
BEGIN
    UPDATE customers SET version = OLD.version + 1 WHERE id = NEW.id;
END;
-- +goose StatementEnd

-- A person's status follows the bookings. Inserted bookings write it themselves; this is for those that change later,
-- on whatever path.
-- +goose StatementBegin
CREATE TRIGGER bookings_change_customer AFTER UPDATE OF status ON bookings
WHEN OLD.status <> NEW.status
BEGIN
    UPDATE customers SET status = 'booked', updated_at = NEW.updated_at
    WHERE NEW.status IN ('pending', 'confirmed') AND id = NEW.customer_id AND status NOT IN ('booked', 'opted_out')
        AND erased_at IS NULL;
    UPDATE customers SET status = 'cancelled', updated_at = NEW.updated_at
    WHERE NEW.status = 'cancelled' AND id = NEW.customer_id AND status = 'booked' AND erased_at IS NULL AND NOT EXISTS (
        SELECT 1 FROM bookings b WHERE b.customer_id = NEW.customer_id AND b.id <> NEW.id
            AND b.status IN ('pending', 'confirmed', 'completed'));
END;
-- +goose StatementEnd

-- Further identities of people who were merged: whoever sends one of them means the person that is left.
CREATE TABLE customer_aliases (
    identity    TEXT PRIMARY KEY,
    customer_id TEXT NOT NULL REFERENCES customers
) STRICT, WITHOUT ROWID;
CREATE INDEX customer_aliases_customer ON customer_aliases (customer_id);

-- Who must not be contacted. The hash is keyed with the value 'opt_outs' in tenant_secrets; erasing a person takes the
-- number away and leaves the hash.
CREATE TABLE opt_outs (
    number_hash BLOB PRIMARY KEY CHECK (length(number_hash) = 32),
    id          TEXT NOT NULL UNIQUE,
    phone       TEXT,
    reason      TEXT NOT NULL,
    channel     TEXT NOT NULL,
    actor       TEXT NOT NULL,
    created_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Random values that belong to this tenant's data and must live as long as it does.
CREATE TABLE tenant_secrets (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- What happened to a person, apart from bookings: ids and names of fields only, no personal data.
CREATE TABLE lead_events (
    sequence    INTEGER PRIMARY KEY AUTOINCREMENT,
    customer_id TEXT NOT NULL REFERENCES customers,
    type        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    actor       TEXT NOT NULL,
    channel     TEXT NOT NULL,
    details     TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(details))
) STRICT;
CREATE INDEX lead_events_customer ON lead_events (customer_id, sequence);

-- As idempotency_keys is for bookings. The answer is what cannot be read from the tables afterwards.
CREATE TABLE lead_claims (
    principal  TEXT NOT NULL,
    route      TEXT NOT NULL,
    key        TEXT NOT NULL,
    body_hash  BLOB NOT NULL,
    subject    TEXT,
    answer     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (principal, route, key)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE lead_claims;
DROP TABLE lead_events;
DROP TABLE tenant_secrets;
DROP TABLE opt_outs;
DROP TABLE customer_aliases;
DROP TRIGGER bookings_change_customer;
DROP TRIGGER customers_version;
ALTER TABLE customers DROP COLUMN merged_into;
ALTER TABLE customers DROP COLUMN erased_at;
ALTER TABLE customers DROP COLUMN version;
ALTER TABLE customers DROP COLUMN last_contacted_at;
ALTER TABLE customers DROP COLUMN custom_fields;
ALTER TABLE customers DROP COLUMN notes;
ALTER TABLE customers DROP COLUMN source;
ALTER TABLE customers DROP COLUMN tags;
ALTER TABLE customers DROP COLUMN status;
