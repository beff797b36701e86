-- +goose Up

-- Whose name a booking was made under, where that is not the customer's: people share a number. NULL means the
-- customer's own. It is personal data, and goes when the customer's row is erased.
ALTER TABLE bookings ADD COLUMN booked_for text CHECK (booked_for <> '');

-- +goose Down
ALTER TABLE bookings DROP COLUMN booked_for;
