package availability

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/br"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/cz"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/ie"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/jp"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/us"
	"github.com/rickar/cal/v2/za"

	"github.com/frontdesk-dev/frontdesk/internal/localtime"
)

// holidaysByCode are the calendars by ISO 3166 code. A country's entry holds what
// the whole country observes, except for GB, whose nations differ: there only
// those are listed that the library knows.
var holidaysByCode = map[string][]*cal.Holiday{
	"AT": at.Holidays, "BE": be.Holidays, "BR": br.Holidays, "CA": ca.Holidays,
	"CH": ch.Holidays, "CZ": cz.Holidays, "DK": dk.Holidays, "ES": es.Holidays,
	"FR": fr.Holidays, "IE": ie.Holidays, "IT": it.Holidays, "JP": jp.Holidays,
	"NL": nl.Holidays, "NO": no.Holidays, "NZ": nz.Holidays, "PL": pl.Holidays,
	"SE": se.Holidays, "US": us.Holidays, "ZA": za.Holidays,

	"GB-ENG": gb.Holidays, "GB-WLS": gb.Holidays,

	"AU-ACT": au.HolidaysACT, "AU-NSW": au.HolidaysNSW, "AU-NT": au.HolidaysNT,
	"AU-QLD": au.HolidaysQLD, "AU-SA": au.HolidaysSA, "AU-TAS": au.HolidaysTAS,
	"AU-VIC": au.HolidaysVIC, "AU-WA": au.HolidaysWA,

	"CH-BE": ch.HolidaysBE, "CH-BS": ch.HolidaysBS, "CH-GE": ch.HolidaysGE,
	"CH-LU": ch.HolidaysLU, "CH-SG": ch.HolidaysSG, "CH-TI": ch.HolidaysTI,
	"CH-VD": ch.HolidaysVD, "CH-ZH": ch.HolidaysZH,

	"DE":    de.Holidays,
	"DE-BB": de.HolidaysBB, "DE-BE": de.HolidaysBE, "DE-BW": de.HolidaysBW,
	"DE-BY": de.HolidaysBY, "DE-HB": de.HolidaysHB, "DE-HE": de.HolidaysHE,
	"DE-HH": de.HolidaysHH, "DE-MV": de.HolidaysMV, "DE-NI": de.HolidaysNI,
	"DE-NW": de.HolidaysNW, "DE-RP": de.HolidaysRP, "DE-SH": de.HolidaysSH,
	"DE-SL": de.HolidaysSL, "DE-SN": de.HolidaysSN, "DE-ST": de.HolidaysST,
	"DE-TH": de.HolidaysTH,
}

func init() {
	// The library makes its dates in the machine's zone. A machine in a zone
	// without some midnights would get the day before; UTC has them all.
	cal.DefaultLoc = time.UTC
}

// HolidayCalendar tells public holidays. It is immutable and safe for
// concurrent use.
type HolidayCalendar struct {
	calendar cal.Calendar
}

// UnknownCalendarError reports a code that is not one of [HolidayCalendarCodes].
type UnknownCalendarError struct {
	Code string
}

func (e *UnknownCalendarError) Error() string {
	return fmt.Sprintf("%q is not a known holiday calendar: use one of %s, or list the dates as exceptions",
		e.Code, strings.Join(HolidayCalendarCodes(), ", "))
}

// HolidayCalendarByCode returns the calendar of a country (ISO 3166-1) or a part
// of one (ISO 3166-2), such as GB-ENG. The error is an [*UnknownCalendarError],
// which lists the known codes.
func HolidayCalendarByCode(code string) (*HolidayCalendar, error) {
	holidays, ok := holidaysByCode[code]
	if !ok {
		return nil, &UnknownCalendarError{Code: code}
	}
	c := &HolidayCalendar{}
	for _, h := range holidays {
		if h.Type != cal.ObservanceOther {
			c.calendar.AddHoliday(h)
		}
	}
	return c, nil
}

// HolidayCalendarCodes returns the known codes, sorted.
func HolidayCalendarCodes() []string {
	return slices.Sorted(maps.Keys(holidaysByCode))
}

// On returns the name of the holiday on d, if it is one: the day itself, or the
// day on which it is observed instead when it falls on a weekend.
func (c *HolidayCalendar) On(d localtime.Date) (name string, ok bool) {
	year, month, day := d.Civil()
	// Without a cache the library only reads, so that sharing is safe.
	actual, observed, holiday := c.calendar.IsHoliday(time.Date(year, month, day, 12, 0, 0, 0, time.UTC))
	if !actual && !observed {
		return "", false
	}
	return holiday.Name, true
}
