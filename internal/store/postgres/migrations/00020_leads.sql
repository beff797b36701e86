-- +goose Up

-- Leads and customers are the same people, in one table: a lead is a customer who has not booked yet. Servers from
-- before this migration insert customers when they book, and know none of these columns: hence the default status.
ALTER TABLE customers
    ADD COLUMN status text NOT NULL DEFAULT 'booked' CHECK (status IN
        ('new', 'contacted', 'no_answer', 'engaged', 'booked', 'cancelled', 'not_interested', 'opted_out')),
    ADD COLUMN tags text[] NOT NULL DEFAULT '{}',
    ADD COLUMN source text NOT NULL DEFAULT '',
    ADD COLUMN notes text NOT NULL DEFAULT '',
    ADD COLUMN custom_fields jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN last_contacted_at timestamptz,
    ADD COLUMN version integer NOT NULL DEFAULT 1,
    ADD COLUMN erased_at timestamptz,
    -- Set when the row was merged into another one; like an erased row it holds no personal data any more.
    ADD COLUMN merged_into uuid REFERENCES customers;

UPDATE customers c SET status = 'cancelled' WHERE NOT EXISTS (
    SELECT 1 FROM bookings b WHERE b.customer_id = c.id AND b.status <> 'cancelled');

-- The version counts changes, whoever makes them: bookings bring newer names along.
-- +goose StatementBegin
CREATE FUNCTION customers_count_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.version := OLD.version + 1;
    RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER customers_version BEFORE UPDATE ON customers FOR EACH ROW
    WHEN ((OLD.identity, OLD.name, OLD.email, OLD.status, OLD.tags, OLD.source, OLD.notes, OLD.custom_fields, OLD.last_contacted_at)
        IS DISTINCT FROM
        (NEW.identity, NEW.name, NEW.email, NEW.status, NEW.tags, NEW.source, NEW.notes, NEW.custom_fields, NEW.last_contacted_at))
    EXECUTE FUNCTION customers_count_change();

-- A person's status follows the bookings. Inserted bookings write it themselves, in the statement that books; this is
-- for those that change later, on whatever path and by a server of whatever version.
-- +goose StatementBegin
CREATE FUNCTION customers_follow_booking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status IN ('pending', 'confirmed') THEN
        UPDATE customers SET status = 'booked', updated_at = clock_timestamp()
        WHERE id = NEW.customer_id AND status NOT IN ('booked', 'opted_out') AND erased_at IS NULL;
    ELSIF NEW.status = 'cancelled' THEN
        UPDATE customers SET status = 'cancelled', updated_at = clock_timestamp()
        WHERE id = NEW.customer_id AND status = 'booked' AND erased_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM bookings b WHERE b.customer_id = NEW.customer_id AND b.id <> NEW.id
                AND b.status IN ('pending', 'confirmed', 'completed'));
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER bookings_change_customer AFTER UPDATE OF status ON bookings FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status AND NEW.status IN ('pending', 'confirmed', 'cancelled'))
    EXECUTE FUNCTION customers_follow_booking();

-- Further identities of people who were merged: whoever sends one of them means the person that is left.
CREATE TABLE customer_aliases (
    identity    text PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers
);
CREATE INDEX customer_aliases_customer ON customer_aliases (customer_id);

-- Who must not be contacted. The hash is keyed with the value 'opt_outs' in tenant_secrets; erasing a person takes the
-- number away and leaves the hash.
CREATE TABLE opt_outs (
    number_hash bytea PRIMARY KEY CHECK (octet_length(number_hash) = 32),
    id          uuid NOT NULL UNIQUE,
    phone       text,
    reason      text NOT NULL,
    channel     text NOT NULL,
    actor       text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Random values that belong to this tenant's data and must live as long as it does.
CREATE TABLE tenant_secrets (
    name  text PRIMARY KEY,
    value bytea NOT NULL
);

-- What happened to a person, apart from bookings: ids and names of fields only, no personal data.
CREATE TABLE lead_events (
    sequence    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id uuid NOT NULL REFERENCES customers,
    type        text NOT NULL,
    at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor       text NOT NULL,
    channel     text NOT NULL,
    details     jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX lead_events_customer ON lead_events (customer_id, sequence);

-- As idempotency_keys is for bookings. The answer is what cannot be read from the tables afterwards.
CREATE TABLE lead_claims (
    principal  text NOT NULL,
    route      text NOT NULL,
    key        text NOT NULL,
    body_hash  bytea NOT NULL,
    subject    uuid,
    answer     text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (principal, route, key)
);

-- +goose Down
DROP TABLE lead_claims, lead_events, tenant_secrets, opt_outs, customer_aliases;
DROP TRIGGER bookings_change_customer ON bookings;
DROP TRIGGER customers_version ON customers;
DROP FUNCTION customers_follow_booking, customers_count_change;
ALTER TABLE customers
    DROP COLUMN status, DROP COLUMN tags, DROP COLUMN source, DROP COLUMN notes, DROP COLUMN custom_fields,
    DROP COLUMN last_contacted_at, DROP COLUMN version, DROP COLUMN erased_at, DROP COLUMN merged_into;
