-- +goose Up

-- An entry of the waitlist follows its person, when that one is erased or merged, by a server of whatever version: one from
-- before there was a waitlist does not know the table.
-- +goose StatementBegin
CREATE FUNCTION waitlist_follow_customer() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.erased_at IS NOT NULL THEN
        UPDATE waitlist SET notes = '', joined_for = NULL, offer_expires_at = NULL,
            status = CASE WHEN status = 'booked' THEN status ELSE 'left' END
        WHERE customer_id = NEW.id;
    ELSE
        UPDATE waitlist SET customer_id = NEW.merged_into WHERE customer_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
-- +goose StatementEnd
CREATE TRIGGER customers_change_waitlist AFTER UPDATE OF erased_at, merged_into ON customers FOR EACH ROW
    WHEN (OLD.erased_at IS NULL AND NEW.erased_at IS NOT NULL
        OR NEW.merged_into IS NOT NULL AND OLD.merged_into IS DISTINCT FROM NEW.merged_into)
    EXECUTE FUNCTION waitlist_follow_customer();

-- +goose Down
DROP TRIGGER customers_change_waitlist ON customers;
DROP FUNCTION waitlist_follow_customer;
