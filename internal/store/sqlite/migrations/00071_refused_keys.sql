-- +goose Up

-- A key stands for what came of its request: a booking, or a refusal, as JSON (docs/adr/0004). SQLite cannot take NOT NULL off
-- a column, so the table is made anew.
CREATE TABLE new_idempotency_keys (
    principal  TEXT NOT NULL,
    route      TEXT NOT NULL,
    key        TEXT NOT NULL,
    body_hash  BLOB NOT NULL,
    booking_id TEXT REFERENCES bookings,
    created_at INTEGER NOT NULL,
    refusal    TEXT,
    PRIMARY KEY (principal, route, key),
    CHECK ((booking_id IS NULL) <> (refusal IS NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO new_idempotency_keys (principal, route, key, body_hash, booking_id, created_at)
    SELECT principal, route, key, body_hash, booking_id, created_at FROM idempotency_keys;
DROP TABLE idempotency_keys;
ALTER TABLE new_idempotency_keys RENAME TO idempotency_keys;

-- +goose Down
CREATE TABLE old_idempotency_keys (
    principal  TEXT NOT NULL,
    route      TEXT NOT NULL,
    key        TEXT NOT NULL,
    body_hash  BLOB NOT NULL,
    booking_id TEXT NOT NULL REFERENCES bookings,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (principal, route, key)
) STRICT, WITHOUT ROWID;
INSERT INTO old_idempotency_keys (principal, route, key, body_hash, booking_id, created_at)
    SELECT principal, route, key, body_hash, booking_id, created_at FROM idempotency_keys WHERE booking_id IS NOT NULL;
DROP TABLE idempotency_keys;
ALTER TABLE old_idempotency_keys RENAME TO idempotency_keys;
