package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"github.com/frontdesk-dev/frontdesk/test/internal/report"
)

// machine says in what state the machine is: figures of a busy one are noise.
func (b *bench) machine() ([]report.Row, error) {
	sync, err := timeSync(filepath.Join(b.folder, "sync"))
	if err != nil {
		return nil, fmt.Errorf("write and sync: %w", err)
	}
	return []report.Row{
		report.Plain("load_average_before", loadAverage(), "processes"),
		report.Plain("fdatasync", float64(sync.Microseconds()), "µs"),
	}, nil
}

// timeSync is the median time that it takes to make one page durable, which is what each commit waits for.
func timeSync(path string) (_ time.Duration, err error) {
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	page, times := make([]byte, 8192), make([]float64, 0, 101)
	for range cap(times) {
		began := time.Now()
		if _, err := file.WriteAt(page, 0); err != nil {
			return 0, err
		}
		if err := unix.Fdatasync(int(file.Fd())); err != nil {
			return 0, err
		}
		times = append(times, float64(time.Since(began)))
	}
	return time.Duration(median(times)), nil
}

// loadAverage is the machine's, over the last minute. Beyond the number of processors, figures are noise.
func loadAverage() float64 {
	var average float64
	text, err := os.ReadFile("/proc/loadavg")
	if err == nil {
		_, err = fmt.Sscan(string(text), &average)
	}
	if err != nil {
		return -1
	}
	return average
}
