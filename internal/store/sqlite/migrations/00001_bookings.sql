-- +goose Up

-- Instants are microseconds since 1970, UTC. Ids are UUIDs in canonical text form.

-- The only place for names, numbers and addresses.
CREATE TABLE customers (
    id         TEXT PRIMARY KEY,
    -- What makes two customers one: the E.164 number, else 'mailto:' and the address in lower case.
    identity   TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    phone      TEXT NOT NULL,
    email      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- A group session holds its units once; its people hold places.
CREATE TABLE sessions (
    id         TEXT PRIMARY KEY,
    service_id TEXT NOT NULL,
    start_at   INTEGER NOT NULL,
    group_size INTEGER NOT NULL CHECK (group_size > 1),
    -- The units in the order of the service's requirements: [["room-2",1], …].
    units      TEXT NOT NULL CHECK (json_valid(units)),
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_service_start ON sessions (service_id, start_at);

CREATE TABLE bookings (
    id                  TEXT PRIMARY KEY,
    service_id          TEXT NOT NULL,
    customer_id         TEXT NOT NULL REFERENCES customers,
    start_at            INTEGER NOT NULL,
    end_at              INTEGER NOT NULL,
    blocked_from        INTEGER NOT NULL,
    blocked_to          INTEGER NOT NULL,
    time_zone           TEXT NOT NULL,
    local_start         TEXT NOT NULL,
    status              TEXT NOT NULL
        CHECK (status IN ('held', 'pending', 'confirmed', 'cancelled', 'completed', 'no_show')),
    -- As in sessions; kept after the occupancy is gone.
    units               TEXT NOT NULL CHECK (json_valid(units)),
    session_id          TEXT REFERENCES sessions,
    group_size          INTEGER NOT NULL,
    place               INTEGER NOT NULL,
    hold_expires_at     INTEGER,
    notes               TEXT NOT NULL,
    channel             TEXT NOT NULL,
    created_at          INTEGER NOT NULL,
    updated_at          INTEGER NOT NULL,
    version             INTEGER NOT NULL DEFAULT 1,
    reschedules         INTEGER NOT NULL DEFAULT 0,
    cancelled_at        INTEGER,
    cancellation_reason TEXT NOT NULL DEFAULT '',
    CHECK (start_at < end_at),
    CHECK ((status = 'held') = (hold_expires_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX bookings_start ON bookings (start_at, id);
CREATE INDEX bookings_customer ON bookings (customer_id, start_at);

-- What live bookings and sessions occupy. The triggers hold for every row, expired holds too: whoever wants
-- their time removes them first, in the same transaction. Bookings that end delete their rows.
CREATE TABLE occupancy (
    id           INTEGER PRIMARY KEY,
    booking_id   TEXT REFERENCES bookings,
    session_id   TEXT REFERENCES sessions,
    resource_id  TEXT NOT NULL,
    unit         INTEGER NOT NULL CHECK (unit > 0),
    blocked_from INTEGER NOT NULL,
    blocked_to   INTEGER NOT NULL,
    expires_at   INTEGER,
    CHECK ((booking_id IS NULL) <> (session_id IS NULL)),
    CHECK (blocked_from < blocked_to)
) STRICT;
CREATE INDEX occupancy_unit ON occupancy (resource_id, unit, blocked_to, blocked_from);
CREATE INDEX occupancy_booking ON occupancy (booking_id) WHERE booking_id IS NOT NULL;
CREATE INDEX occupancy_session ON occupancy (session_id) WHERE session_id IS NOT NULL;

-- The rows of one unit never overlap, so the first that ends after the new one starts is the only one that can
-- be in its way.
-- +goose StatementBegin
CREATE TRIGGER occupancy_no_overlap_on_insert BEFORE INSERT ON occupancy
WHEN (SELECT o.blocked_from FROM occupancy o
    WHERE o.resource_id = NEW.resource_id AND o.unit = NEW.unit AND o.blocked_to > NEW.blocked_from
    ORDER BY o.blocked_to LIMIT 1) < NEW.blocked_to
BEGIN
    SELECT RAISE(ABORT, 'occupancy_no_overlap');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER occupancy_no_overlap_on_update BEFORE UPDATE OF resource_id, unit, blocked_from, blocked_to ON occupancy
WHEN (SELECT o.blocked_from FROM occupancy o
    WHERE o.resource_id = NEW.resource_id AND o.unit = NEW.unit AND o.blocked_to > NEW.blocked_from AND o.id <> OLD.id
    ORDER BY o.blocked_to LIMIT 1) < NEW.blocked_to
BEGIN
    SELECT RAISE(ABORT, 'occupancy_no_overlap');
END;
-- +goose StatementEnd

-- Who sits where in a session. Rows go when a booking ends; expired ones are removed by whoever wants the place.
CREATE TABLE session_places (
    session_id TEXT NOT NULL REFERENCES sessions,
    place      INTEGER NOT NULL CHECK (place > 0),
    booking_id TEXT NOT NULL UNIQUE REFERENCES bookings,
    expires_at INTEGER,
    PRIMARY KEY (session_id, place)
) STRICT, WITHOUT ROWID;

-- History and outbox in one: ids only, no personal data.
CREATE TABLE booking_events (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    booking_id TEXT NOT NULL REFERENCES bookings,
    type       TEXT NOT NULL,
    at         INTEGER NOT NULL,
    actor      TEXT NOT NULL,
    channel    TEXT NOT NULL
) STRICT;
CREATE INDEX booking_events_booking ON booking_events (booking_id, sequence);

-- Written together with the effect, so a key that is here has its booking. Kept for 24 hours.
CREATE TABLE idempotency_keys (
    principal  TEXT NOT NULL,
    route      TEXT NOT NULL,
    key        TEXT NOT NULL,
    body_hash  BLOB NOT NULL,
    booking_id TEXT NOT NULL REFERENCES bookings,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (principal, route, key)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE idempotency_keys;
DROP TABLE booking_events;
DROP TABLE session_places;
DROP TABLE occupancy;
DROP TABLE bookings;
DROP TABLE sessions;
DROP TABLE customers;
