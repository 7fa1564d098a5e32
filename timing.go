package main

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"outboundbot/commands"
	"outboundbot/reports"
)

// timing is what ask --repeat adds to the machine form: medians of the runs after the first.
type timing struct {
	Runs    int     `json:"runs"`
	WallMS  float64 `json:"wall_ms"`
	CPUMS   float64 `json:"cpu_ms"`
	FirstMS float64 `json:"first_ms"`
	RSSMiB  float64 `json:"rss_mib"`
}

// repeat answers the same question again and again, from its words to the bytes of the answer, and adds the times
// to the last answer.
func (l *local) repeat(ctx context.Context, a asking) (answered, error) {
	t := timing{Runs: a.Repeat}
	var wall, cpu []float64
	var reply commands.Reply
	for i := range a.Repeat + 1 {
		start, used := time.Now(), cpuTime()
		reply = l.desk.Answer(ctx, l.request(a), nil)
		discard(reply)
		if err := writeJSON(io.Discard, reply); err != nil {
			return answered{}, err
		}
		ms := float64(time.Since(start).Microseconds()) / 1000
		switch {
		case reply.Err != nil:
			return machineForm(reply)
		case i == 0:
			t.FirstMS = ms
		default:
			wall = append(wall, ms)
			cpu = append(cpu, float64((cpuTime()-used).Microseconds())/1000)
		}
	}
	t.WallMS, t.CPUMS, t.RSSMiB = median(wall), median(cpu), peakRSS()
	added, err := json.Marshal(t)
	if err != nil {
		return answered{}, err
	}
	return machineForm(reply, reports.Member{Name: "timing", JSON: added})
}

// median of milliseconds, in whole microseconds.
func median(values []float64) float64 {
	slices.Sort(values)
	return math.Round((values[(len(values)-1)/2]+values[len(values)/2])*500) / 1000
}

// cpuTime is user and system time of this process.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakRSS is the most memory that this process had, in MiB; 0 where the system does not tell.
func peakRSS() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(status), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(rest, "kB")))
			if err == nil {
				return float64(kib) / 1024
			}
		}
	}
	return 0
}
