package booking

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/nyaruka/phonenumbers"
)

// parsePhone reads a number as people of the region write it and returns its E.164 form. It asks
// only whether a number of this shape can exist: number plans change faster than libraries.
func parsePhone(field, text, region string) (string, error) {
	if isPlain(text) {
		return text, nil
	}
	number, err := phonenumbers.Parse(text, region)
	if err == nil && phonenumbers.IsPossibleNumber(number) {
		if number.GetExtension() != "" {
			return "", invalid(field, "%q has an extension, which cannot be called or texted. Send the direct number.", clip(text))
		}
		if formatted := phonenumbers.Format(number, phonenumbers.E164); isStable(formatted) {
			return formatted, nil
		}
	}
	example := "+442079460000"
	if sample := phonenumbers.GetExampleNumber(region); sample != nil {
		example = phonenumbers.Format(sample, phonenumbers.E164)
	}
	return "", invalid(field, "%q is not a phone number. Send it with its country code, like %s.", clip(text), example)
}

// isStable says whether a number in E.164 form is read as itself. Of +84 and a row of zeros the library takes one as the
// trunk each time; whoever has such a number would be another person whenever it is read again.
func isStable(formatted string) bool {
	if isPlain(formatted) {
		return true
	}
	again, err := phonenumbers.Parse(formatted, "")
	return err == nil && phonenumbers.Format(again, phonenumbers.E164) == formatted
}

// callingCode is what is known of the numbers of one country calling code.
type callingCode struct {
	// trunks are what is dialled before a number within the country. A number that begins with one may not be what it seems.
	trunks []string
	// lengths that a number can have, without the code.
	lengths []int32
}

// callingCodes are the codes whose numbers can be judged without the library's regular expressions, by code.
var callingCodes = sync.OnceValue(func() map[string]callingCode {
	codes := map[string]callingCode{}
	collection, err := phonenumbers.MetadataCollection()
	if err != nil { // it is part of the program; without it every number takes the long way
		return codes
	}
	for _, country := range collection.GetMetadata() {
		code, pattern := int(country.GetCountryCode()), country.GetNationalPrefixForParsing()
		if country.GetId() != phonenumbers.GetRegionCodeForCountryCode(code) || strings.Trim(pattern, digits+"|") != "" {
			continue // a pattern of more than plain alternatives
		}
		trunks := slices.DeleteFunc(strings.Split(pattern, "|"), func(trunk string) bool { return trunk == "" })
		codes[strconv.Itoa(code)] = callingCode{trunks: trunks, lengths: country.GetGeneralDesc().GetPossibleLength()}
	}
	return codes
})

const (
	digits = "0123456789"
	// longestCallingCode is in digits.
	longestCallingCode = 3
)

// isPlain says of some numbers that they are in E.164 form (ITU-T E.164: a plus, the country calling code and the number)
// and that the library would return them as they are. Most that come from programs are; the library takes 20 times as
// long to find out.
func isPlain(text string) bool {
	number, international := strings.CutPrefix(text, "+")
	if !international || len(number) <= longestCallingCode || strings.Trim(number, digits) != "" {
		return false
	}
	for n := 1; n <= longestCallingCode; n++ {
		code, known := callingCodes()[number[:n]]
		if !known {
			continue // no code begins with another one
		}
		national := number[n:]
		return national[0] != '0' && slices.Contains(code.lengths, int32(len(national))) &&
			!slices.ContainsFunc(code.trunks, func(trunk string) bool { return strings.HasPrefix(national, trunk) })
	}
	return false
}
