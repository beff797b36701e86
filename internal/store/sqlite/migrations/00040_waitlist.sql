-- +goose Up

-- Who waits for a time that is taken. No personal data but joined_for and notes; the person is in customers.
CREATE TABLE waitlist (
    id               TEXT PRIMARY KEY,
    service_id       TEXT NOT NULL,
    -- The one resource that is wanted; empty for any.
    resource_id      TEXT NOT NULL,
    customer_id      TEXT NOT NULL REFERENCES customers,
    -- As bookings.booked_for.
    joined_for       TEXT CHECK (joined_for <> ''),
    -- The windows in which the appointment may start, [start, end), in order: [[1893456000000000,1893459600000000], …].
    windows          TEXT NOT NULL CHECK (json_array_length(windows) > 0),
    -- The end of the last window.
    ends_at          INTEGER NOT NULL,
    notes            TEXT NOT NULL,
    channel          TEXT NOT NULL,
    -- An offer that has run out by the clock makes its entry wait again, without being written.
    status           TEXT NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'offered', 'booked', 'left')),
    -- The booking that was offered last, or accepted.
    offer_id         TEXT REFERENCES bookings,
    offer_expires_at INTEGER,
    joined_at        INTEGER NOT NULL,
    updated_at       INTEGER NOT NULL,
    CHECK ((status = 'offered') = (offer_expires_at IS NOT NULL)),
    CHECK (status NOT IN ('offered', 'booked') OR offer_id IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX waitlist_line ON waitlist (service_id, ends_at) WHERE status IN ('waiting', 'offered');
CREATE INDEX waitlist_joined ON waitlist (joined_at, id);
CREATE INDEX waitlist_customer ON waitlist (customer_id);

-- The entry that a booking was offered to.
ALTER TABLE bookings ADD COLUMN waitlist_entry_id TEXT;
CREATE INDEX bookings_waitlist_entry ON bookings (waitlist_entry_id, start_at) WHERE waitlist_entry_id IS NOT NULL;

-- Holds by the time they run out, for whoever hands on what has lapsed.
CREATE INDEX occupancy_expiring ON occupancy (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX session_places_expiring ON session_places (expires_at) WHERE expires_at IS NOT NULL;

-- An entry follows its offer on whatever path that is answered.
-- +goose StatementBegin
CREATE TRIGGER bookings_answer_offer AFTER UPDATE OF status ON bookings
WHEN NEW.waitlist_entry_id IS NOT NULL AND OLD.status = 'held' AND NEW.status IN ('pending', 'confirmed', 'cancelled')
BEGIN
    UPDATE waitlist SET
        status = iif(NEW.status = 'cancelled', 'waiting', 'booked'),
        offer_id = iif(NEW.status = 'cancelled', NULL, NEW.id),
        offer_expires_at = NULL, updated_at = CAST(round(unixepoch('subsec') * 1000) AS INTEGER) * 1000
    WHERE id = NEW.waitlist_entry_id AND status = 'offered' AND offer_id = NEW.id;
END;
-- +goose StatementEnd

-- +goose Down
DROP TRIGGER bookings_answer_offer;
DROP INDEX session_places_expiring;
DROP INDEX occupancy_expiring;
DROP INDEX bookings_waitlist_entry;
ALTER TABLE bookings DROP COLUMN waitlist_entry_id;
DROP TABLE waitlist;
