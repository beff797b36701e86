package booking

import "net/mail"

// CleanText trims a text and refuses what cannot be stored or shown: broken UTF-8, more than longest characters, and
// control characters other than those allowed. What names the text at the start of a sentence. Errors: VALIDATION_ERROR.
func CleanText(field, what, text string, longest int, allowed string) (string, error) {
	return cleanText(field, what, text, longest, allowed)
}

// CleanEmail trims an address and refuses one that is not a plain address; empty stays empty. Errors: VALIDATION_ERROR.
func CleanEmail(field, text string) (string, error) {
	email, err := cleanText(field, "The e-mail address", text, maxEmail, "")
	if err != nil || email == "" {
		return email, err
	}
	if address, err := mail.ParseAddress(email); err != nil || address.Address != email {
		return "", invalid(field, "%q is not an e-mail address. Send one like ann@example.com.", clip(email))
	}
	return email, nil
}

// CleanPhone reads a number as people of the region write it and returns its E.164 form; empty stays empty.
// Errors: VALIDATION_ERROR.
func CleanPhone(field, text, region string) (string, error) {
	phone, err := cleanText(field, "The phone number", text, maxPhone, "")
	if err != nil || phone == "" {
		return phone, err
	}
	return parsePhone(field, phone, region)
}
