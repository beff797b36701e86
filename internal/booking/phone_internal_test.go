package booking

import (
	"fmt"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
)

// TestPlainNumbersAreWhatTheLibraryReturns holds the short way against the long one, for numbers of every country's
// shape and for such as differ from them in a few digits.
func TestPlainNumbersAreWhatTheLibraryReturns(t *testing.T) {
	t.Parallel()
	var examples []string
	for region := range phonenumbers.GetSupportedRegions() {
		for kind := phonenumbers.FIXED_LINE; kind <= phonenumbers.VOICEMAIL; kind++ {
			if example := phonenumbers.GetExampleNumberForType(region, kind); example != nil {
				examples = append(examples, phonenumbers.Format(example, phonenumbers.E164))
			}
		}
	}
	plain := 0
	for _, number := range examples {
		if isPlain(number) {
			plain++
		}
		holdAgainstLibrary(t, number, "GB")
	}
	if plain < len(examples)/2 {
		t.Errorf("only %d of %d examples take the short way", plain, len(examples))
	}
	rapid.Check(t, func(t *rapid.T) {
		number := []byte(rapid.SampledFrom(examples).Draw(t, "example"))
		for range rapid.IntRange(0, 3).Draw(t, "changes") {
			number[rapid.IntRange(1, len(number)-1).Draw(t, "at")] = byte('0' + rapid.IntRange(0, 9).Draw(t, "digit"))
		}
		length := rapid.IntRange(2, len(number)).Draw(t, "length")
		more := rapid.StringMatching(`[0-9]{0,4}`).Draw(t, "more")
		holdAgainstLibrary(t, string(number[:length])+more, rapid.SampledFrom([]string{"GB", "US", "DE", "IT", "BR"}).Draw(t, "region"))
	})
}

func FuzzPlainNumbers(f *testing.F) {
	for _, seed := range []string{"+442079460000", "+4402079460000", "+390612345678", "+12125550123", "+", "+0", "442079460000", "+44٢079460000"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, number string) { holdAgainstLibrary(t, number, "GB") })
}

// FuzzParsePhone: what comes out is a number in E.164 form, and comes out of itself again. What does not is refused in
// words for the caller.
func FuzzParsePhone(f *testing.F) {
	for _, seed := range []string{
		"020 7946 0123", "+44 (0)20 7946 0123", "tel:+44-20-7946-0123;ext=7", "0044 20 7946 0123", "٠٢٠ ٧٩٤٦ ٠١٢٣", "\u202e3210 6497 020", "020\x007946",
		"1-800-FLOWERS", "'; DROP TABLE customers; --", "+", "112", strings.Repeat("9", 300), "+999999999999999",
	} {
		f.Add(seed, "GB")
		f.Add(seed, "US")
	}
	f.Add("06 1234 5678", "IT")   // where the 0 stays
	f.Add("+8400000000000", "VN") // one 0 less each time it is read
	f.Add("020 7946 0123", "ZZ")
	f.Fuzz(func(t *testing.T, text, region string) {
		number, err := parsePhone("phone", text, region)
		if err != nil {
			if CodeOf(err) != CodeValidation {
				t.Errorf("%q in %q: %v", text, region, err)
			}
			return
		}
		if plain := strings.TrimPrefix(number, "+"); plain == number || strings.Trim(plain, digits) != "" || len(plain) > maxDigits {
			t.Errorf("%q in %q is read as %q", text, region, number)
		}
		if again, err := parsePhone("phone", number, "US"); err != nil || again != number {
			t.Errorf("%q in %q is read as %q, and that as %q, %v", text, region, number, again, err)
		}
	})
}

// maxDigits is above the 15 of E.164: the library lets a few numbers of Germany and others have 17.
const maxDigits = 17

// holdAgainstLibrary fails when the short way accepts a number that the library refuses or writes differently.
func holdAgainstLibrary(t interface{ Fatalf(string, ...any) }, number, region string) {
	if !isPlain(number) {
		return
	}
	want, err := phonenumbers.Parse(number, region)
	if err != nil || !phonenumbers.IsPossibleNumber(want) || want.GetExtension() != "" {
		t.Fatalf("%q is taken for plain, and the library refuses it: %v", number, err)
	}
	if formatted := phonenumbers.Format(want, phonenumbers.E164); formatted != number {
		t.Fatalf("%q is taken for plain, and the library makes %q of it", number, formatted)
	}
}

func BenchmarkPhone(b *testing.B) {
	for _, number := range []string{"+447412345678", "07412 345678"} {
		b.Run(fmt.Sprintf("%q", number), func(b *testing.B) {
			for b.Loop() {
				if _, err := parsePhone("phone", number, "GB"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
