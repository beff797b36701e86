-- +goose Up

-- Each new booking asked whether its customer exists, by the foreign key, although the statement that books has just
-- written that very row. Every statement that sets bookings.customer_id writes or locks the customer's row first (booking
-- does, and merging). What is left to be prevented is that a customer with bookings goes, or gets another id.
ALTER TABLE bookings DROP CONSTRAINT bookings_customer_id_fkey;

-- The row is locked before this runs, so a booking that is being made is either committed, and seen here, or waits for
-- the row and then makes a new one.
-- +goose StatementBegin
CREATE FUNCTION customers_keep_for_bookings() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM bookings WHERE customer_id = OLD.id) THEN
        RAISE foreign_key_violation USING MESSAGE = 'the customer has bookings', CONSTRAINT = 'bookings_customer_id_fkey',
            HINT = 'Empty the columns that say who it was, and keep the row.';
    END IF;
    RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
-- +goose StatementEnd
CREATE TRIGGER customers_keep BEFORE DELETE ON customers FOR EACH ROW EXECUTE FUNCTION customers_keep_for_bookings();
CREATE TRIGGER customers_keep_id BEFORE UPDATE OF id ON customers FOR EACH ROW
    WHEN (OLD.id <> NEW.id) EXECUTE FUNCTION customers_keep_for_bookings();

-- +goose Down
DROP TRIGGER customers_keep ON customers;
DROP TRIGGER customers_keep_id ON customers;
DROP FUNCTION customers_keep_for_bookings;
ALTER TABLE bookings ADD CONSTRAINT bookings_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customers;
