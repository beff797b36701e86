-- +goose Up

-- Who waits for a time that is taken. No personal data but joined_for and notes; the person is in customers.
CREATE TABLE waitlist (
    id               uuid PRIMARY KEY,
    service_id       text NOT NULL,
    -- The one resource that is wanted; empty for any.
    resource_id      text NOT NULL,
    customer_id      uuid NOT NULL REFERENCES customers,
    -- As bookings.booked_for.
    joined_for       text CHECK (joined_for <> ''),
    -- The windows in which the appointment may start, [start, end), in order.
    window_starts    timestamptz[] NOT NULL,
    window_ends      timestamptz[] NOT NULL,
    -- The end of the last window.
    ends_at          timestamptz NOT NULL,
    notes            text NOT NULL,
    channel          text NOT NULL,
    -- An offer that has run out by the clock makes its entry wait again, without being written.
    status           text NOT NULL DEFAULT 'waiting' CHECK (status IN ('waiting', 'offered', 'booked', 'left')),
    -- The booking that was offered last, or accepted.
    offer_id         uuid,
    offer_expires_at timestamptz,
    joined_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK (cardinality(window_starts) > 0 AND cardinality(window_starts) = cardinality(window_ends)),
    CHECK ((status = 'offered') = (offer_expires_at IS NOT NULL)),
    CHECK (status NOT IN ('offered', 'booked') OR offer_id IS NOT NULL)
);
CREATE INDEX waitlist_line ON waitlist (service_id, ends_at) WHERE status IN ('waiting', 'offered');
CREATE INDEX waitlist_joined ON waitlist (joined_at, id);
CREATE INDEX waitlist_customer ON waitlist (customer_id);

-- The entry that a booking was offered to.
ALTER TABLE bookings ADD COLUMN waitlist_entry_id uuid;
CREATE INDEX bookings_waitlist_entry ON bookings (waitlist_entry_id, start_at) WHERE waitlist_entry_id IS NOT NULL;

-- Holds by the time they run out, for whoever hands on what has lapsed.
CREATE INDEX occupancy_expiring ON occupancy (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX session_places_expiring ON session_places (expires_at) WHERE expires_at IS NOT NULL;

-- An entry follows its offer on whatever path that is answered and by a server of whatever version. The name makes it run
-- before bookings_change_customer: entries are locked before customers.
-- +goose StatementBegin
CREATE FUNCTION waitlist_follow_offer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE waitlist SET
        status = CASE WHEN NEW.status = 'cancelled' THEN 'waiting' ELSE 'booked' END,
        offer_id = CASE WHEN NEW.status = 'cancelled' THEN NULL ELSE NEW.id END,
        offer_expires_at = NULL, updated_at = clock_timestamp()
    WHERE id = NEW.waitlist_entry_id AND status = 'offered' AND offer_id = NEW.id;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER bookings_answer_offer AFTER UPDATE OF status ON bookings FOR EACH ROW
    WHEN (NEW.waitlist_entry_id IS NOT NULL AND OLD.status = 'held' AND NEW.status IN ('pending', 'confirmed', 'cancelled'))
    EXECUTE FUNCTION waitlist_follow_offer();

-- +goose Down
DROP TRIGGER bookings_answer_offer ON bookings;
DROP FUNCTION waitlist_follow_offer;
DROP INDEX session_places_expiring, occupancy_expiring, bookings_waitlist_entry;
ALTER TABLE bookings DROP COLUMN waitlist_entry_id;
DROP TABLE waitlist;
