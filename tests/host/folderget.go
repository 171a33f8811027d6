package main

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"
)

func (g *folderGet) occasion() occasion {
	o := occasion{disk: g.file.disk, file: g.name, method: g.r.Method, from: g.from, to: g.from + g.n}
	if g.vm != nil {
		o.vm = g.vm.spec.Name
	}
	return o
}

// before does what is armed for the moment before the request is looked at;
// true when that was the answer.
func (g *folderGet) before() bool {
	faults, o := g.h.faults, g.occasion()
	if f := faults.fire("folder-delay", o); f != nil {
		time.Sleep(time.Duration(f.MS) * time.Millisecond)
	}
	if faults.fire("folder-expire", o) != nil {
		g.h.mu.Lock()
		g.h.expireAll("fault")
		g.h.mu.Unlock()
	}
	if f := faults.fire("folder-status", o); f != nil {
		status := f.Status
		if status == 0 {
			status = http.StatusServiceUnavailable
		}
		g.refuse(status, "armed")
		return true
	}
	if f := faults.fire("folder-redirect", o); f != nil {
		to := f.What
		if to == "" {
			to = "https://127.0.0.1:1" + g.r.RequestURI
		}
		g.w.Header().Set("Location", to)
		g.refuse(http.StatusFound, "armed")
		return true
	}
	return false
}

// answer tells what comes, and sends it.
func (g *folderGet) answer(body io.ReaderAt, modified time.Time) {
	g.size = g.file.size
	if f := g.h.faults.fire("folder-size", g.occasion()); f != nil {
		if g.size += f.AfterBytes; f.AfterBytes == 0 {
			g.size += sector
		}
	}
	if g.h.faults.fire("folder-modified", g.occasion()) != nil {
		modified = modified.Add(time.Hour)
	}
	from, n, one, beyond := readRange(g.r.Header.Get("Range"), g.size)
	head := g.w.Header()
	head.Set("Accept-Ranges", "bytes")
	head.Set("Last-Modified", modified.UTC().Format(http.TimeFormat))
	if beyond {
		head.Set("Content-Range", fmt.Sprintf("bytes */%d", g.size))
		g.refuse(http.StatusRequestedRangeNotSatisfiable, "past the end")
		return
	}
	g.from, g.n, g.status = from, n, http.StatusOK
	if one && g.h.faults.fire("folder-no-range", g.occasion()) != nil {
		g.from, g.n, one = 0, g.size, false
	}
	if one {
		g.status = http.StatusPartialContent
		g.contentRange()
	}
	head.Set("Content-Type", "application/octet-stream")
	head.Set("Content-Length", strconv.FormatInt(g.n, 10))
	if g.r.Method == http.MethodHead {
		g.log(true)
		g.w.WriteHeader(g.status)
		return
	}
	g.makePlan()
	g.w.WriteHeader(g.status)
	g.send(body)
}

// contentRange tells which range comes, if nothing is armed.
func (g *folderGet) contentRange() {
	if f := g.h.faults.fire("folder-short-range", g.occasion()); f != nil && f.AfterBytes > 0 && f.AfterBytes < g.n {
		g.n = f.AfterBytes
	}
	from, to, size := g.from, g.from+g.n-1, g.size
	if f := g.h.faults.fire("folder-wrong-range", g.occasion()); f != nil {
		switch f.What {
		case "total":
			size += sector
		case "end":
			to += sector
		case "none":
			return
		default:
			from, to = from+sector, to+sector
		}
	}
	g.w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to, size))
}

// strike is the byte of the answer at which a fault strikes.
func (g *folderGet) strike(f *armedFault) int64 {
	if f.Offset != nil {
		return *f.Offset - g.from
	}
	return f.AfterBytes
}

func (g *folderGet) makePlan() {
	faults, o := g.h.faults, g.occasion()
	g.plan = plan{cutAt: -1, flipAt: -1, stallAt: -1}
	if f := faults.fire("folder-reset", o); f != nil {
		g.plan.cutAt, g.plan.reset = g.strike(f), true
	} else if f := faults.fire("folder-short", o); f != nil {
		g.plan.cutAt = g.strike(f)
	}
	if f := faults.fire("folder-damage", o); f != nil {
		g.plan.flipAt = g.strike(f)
	}
	if f := faults.fire("folder-stall", o); f != nil {
		g.plan.stallAt, g.plan.stall = g.strike(f), time.Duration(f.MS)*time.Millisecond
	}
	if f := faults.fire("folder-slow", o); f != nil {
		g.plan.rate = f.Rate
	}
}

func (g *folderGet) send(body io.ReaderAt) {
	g.reason = g.copy(body)
	if g.reason != "" || g.n == 0 {
		g.log(g.reason == "")
	}
	switch g.reason {
	case "":
	case "reset":
		resetConnection(g.w)
	default:
		// Fewer bytes than announced: the connection ends with them.
		panic(http.ErrAbortHandler)
	}
}

// copy sends the range, or gives the reason why it stopped before its end.
func (g *folderGet) copy(body io.ReaderAt) (cut string) {
	buf := make([]byte, 1<<20)
	g.start = time.Now()
	for g.sent < g.n {
		if g.pause() != "" {
			return "client"
		}
		n := g.portion(g.n-g.sent, int64(len(buf)))
		if n <= 0 {
			g.flush()
			return map[bool]string{true: "reset", false: "short"}[g.plan.reset]
		}
		got, err := body.ReadAt(buf[:n], g.from+g.sent)
		if err != nil && err != io.EOF {
			return "source: " + err.Error()
		}
		for i := range buf[got:n] {
			buf[int64(got)+int64(i)] = 0
		}
		if at := g.plan.flipAt - g.sent; at >= 0 && at < n {
			buf[at] ^= 0x10
		}
		if !g.write(buf[:n]) {
			return "client"
		}
	}
	return ""
}

// write holds the last byte back until the event is written: who has got all
// of it finds the event.
func (g *folderGet) write(p []byte) bool {
	n := int64(len(p))
	last := g.sent+n == g.n
	if last {
		n--
	}
	if _, err := g.w.Write(p[:n]); err != nil {
		return false
	}
	g.sent += int64(len(p))
	if last {
		g.log(true)
		_, _ = g.w.Write(p[n:])
	}
	return true
}
