-- +goose Up

-- Equality of plain columns inside a GiST exclusion constraint. The extension is trusted: the owner of the
-- database may create it.
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- The only place for names, numbers and addresses.
CREATE TABLE customers (
    id         uuid PRIMARY KEY,
    -- What makes two customers one: the E.164 number, else 'mailto:' and the address in lower case.
    identity   text NOT NULL UNIQUE,
    name       text NOT NULL,
    phone      text NOT NULL,
    email      text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A group session holds its units once; its people hold places.
CREATE TABLE sessions (
    id           uuid PRIMARY KEY,
    service_id   text NOT NULL,
    start_at     timestamptz NOT NULL,
    group_size   integer NOT NULL CHECK (group_size > 1),
    resource_ids text[] NOT NULL,
    unit_numbers integer[] NOT NULL,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (cardinality(resource_ids) = cardinality(unit_numbers))
);
CREATE INDEX sessions_service_start ON sessions (service_id, start_at);

CREATE TABLE bookings (
    id                  uuid PRIMARY KEY,
    service_id          text NOT NULL,
    customer_id         uuid NOT NULL REFERENCES customers,
    start_at            timestamptz NOT NULL,
    end_at              timestamptz NOT NULL,
    blocked             tstzrange NOT NULL,
    time_zone           text NOT NULL,
    local_start         text NOT NULL,
    status              text NOT NULL
        CHECK (status IN ('held', 'pending', 'confirmed', 'cancelled', 'completed', 'no_show')),
    -- The units in the order of the service's requirements; kept after the occupancy is gone.
    resource_ids        text[] NOT NULL,
    unit_numbers        integer[] NOT NULL,
    session_id          uuid REFERENCES sessions,
    group_size          integer NOT NULL,
    place               integer NOT NULL,
    hold_expires_at     timestamptz,
    notes               text NOT NULL,
    channel             text NOT NULL,
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    version             integer NOT NULL DEFAULT 1,
    reschedules         integer NOT NULL DEFAULT 0,
    cancelled_at        timestamptz,
    cancellation_reason text NOT NULL DEFAULT '',
    CHECK (start_at < end_at),
    CHECK ((status = 'held') = (hold_expires_at IS NOT NULL)),
    CHECK (cardinality(resource_ids) = cardinality(unit_numbers))
);
CREATE INDEX bookings_start ON bookings (start_at, id);
CREATE INDEX bookings_customer ON bookings (customer_id, start_at);

-- What live bookings and sessions occupy. The constraint holds for every row, expired holds too: whoever
-- wants their time removes them first, in the same statement. Bookings that end delete their rows.
CREATE TABLE occupancy (
    booking_id  uuid,
    session_id  uuid,
    resource_id text NOT NULL,
    unit        integer NOT NULL CHECK (unit > 0),
    blocked     tstzrange NOT NULL,
    expires_at  timestamptz,
    CHECK (num_nonnulls(booking_id, session_id) = 1),
    -- Two empty ranges do not overlap and an unbounded one blocks for ever: neither may get in.
    CHECK (NOT isempty(blocked)),
    CHECK (lower(blocked) IS NOT NULL AND upper(blocked) IS NOT NULL
        AND isfinite(lower(blocked)) AND isfinite(upper(blocked))),
    CONSTRAINT occupancy_no_overlap EXCLUDE USING gist (resource_id WITH =, unit WITH =, blocked WITH &&)
);
CREATE INDEX occupancy_booking ON occupancy (booking_id) WHERE booking_id IS NOT NULL;
CREATE INDEX occupancy_session ON occupancy (session_id) WHERE session_id IS NOT NULL;

-- Who sits where in a session. Rows go when a booking ends; expired ones are removed by whoever wants the place.
CREATE TABLE session_places (
    session_id uuid NOT NULL REFERENCES sessions,
    place      integer NOT NULL CHECK (place > 0),
    booking_id uuid NOT NULL UNIQUE,
    expires_at timestamptz,
    PRIMARY KEY (session_id, place)
);

-- History and outbox in one: ids only, no personal data.
CREATE TABLE booking_events (
    sequence   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    booking_id uuid NOT NULL,
    type       text NOT NULL,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    actor      text NOT NULL,
    channel    text NOT NULL
);
CREATE INDEX booking_events_booking ON booking_events (booking_id, sequence);

-- Written together with the effect, so a key that is here has its booking. Kept for 24 hours.
CREATE TABLE idempotency_keys (
    principal  text NOT NULL,
    route      text NOT NULL,
    key        text NOT NULL,
    body_hash  bytea NOT NULL,
    booking_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (principal, route, key)
);

-- +goose Down
DROP TABLE idempotency_keys, booking_events, session_places, occupancy, bookings, sessions, customers;
