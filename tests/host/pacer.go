package main

import (
	"net/http"
	"time"
)

// plan is what shall go wrong in a transfer.
type plan struct {
	cutAt   int64 // -1: nowhere
	reset   bool  // cut by a reset instead of a clean end
	flipAt  int64 // -1: nowhere
	stallAt int64 // -1: nowhere
	stall   time.Duration
	rate    int64 // bytes a second, 0 as fast as can be
}

// pacer sends as the plan says.
type pacer struct {
	w      http.ResponseWriter
	closed <-chan struct{}
	plan   plan
	sent   int64
	start  time.Time // when the first byte was due, for a rate
}

// portion is how much to send at once: up to the next thing that is planned.
func (p *pacer) portion(n, max int64) int64 {
	limit := func(m int64) {
		if n > m {
			n = m
		}
	}
	limit(max)
	if p.plan.cutAt >= 0 {
		limit(p.plan.cutAt - p.sent)
	}
	if p.plan.stallAt > p.sent {
		limit(p.plan.stallAt - p.sent)
	}
	if p.plan.rate > 0 {
		limit(p.plan.rate/20 + 1)
	}
	return n
}

// pause waits where the plan says so; it ends when the lease or the request
// does.
func (p *pacer) pause() (cut string) {
	wait := time.Duration(0)
	if p.plan.rate > 0 {
		sent := time.Duration(float64(p.sent) / float64(p.plan.rate) * float64(time.Second))
		wait = time.Until(p.start.Add(sent))
	}
	if p.plan.stallAt >= 0 && p.sent >= p.plan.stallAt {
		wait += p.plan.stall
		p.plan.stallAt = -1
	}
	if p.plan.rate > 0 || wait > 0 {
		p.flush()
	}
	select {
	case <-p.closed:
		return "lease"
	default:
	}
	if wait <= 0 {
		return ""
	}
	select {
	case <-p.closed:
		return "lease"
	case <-time.After(wait):
		return ""
	}
}

func (p *pacer) flush() {
	if f, ok := p.w.(http.Flusher); ok {
		f.Flush()
	}
}
