package main

import (
	"bytes"
	"net/http"
	"strconv"
	"testing"
	"time"
)

func at(n int64) *int64 { return &n }

// get fetches a range and gives what came of it.
func (c *client) rng(text string) (*http.Response, []byte, error) {
	c.t.Helper()
	return c.fetch(fileGet{url: offFlat, rng: text})
}

func TestFileFaultsOfTheAnswer(t *testing.T) {
	c := start(t, nil)
	for _, f := range []struct {
		fault  armedFault
		status int
		head   string
		want   string
	}{
		{armedFault{Kind: "folder-no-range"}, 200, "Content-Length", "2097152"},
		{armedFault{Kind: "folder-short-range", AfterBytes: 10}, 206, "Content-Range", "bytes 1000-1009/2097152"},
		{armedFault{Kind: "folder-wrong-range"}, 206, "Content-Range", "bytes 1512-2511/2097152"},
		{armedFault{Kind: "folder-wrong-range", What: "offset"}, 206, "Content-Range", "bytes 1512-2511/2097152"},
		{armedFault{Kind: "folder-wrong-range", What: "total"}, 206, "Content-Range", "bytes 1000-1999/2097664"},
		{armedFault{Kind: "folder-wrong-range", What: "end"}, 206, "Content-Range", "bytes 1000-2511/2097152"},
		{armedFault{Kind: "folder-wrong-range", What: "none"}, 206, "Content-Range", ""},
		{armedFault{Kind: "folder-size"}, 206, "Content-Range", "bytes 1000-1999/2097664"},
		{armedFault{Kind: "folder-size", AfterBytes: -1048576}, 206, "Content-Range", "bytes 1000-1999/1048576"},
		{armedFault{Kind: "folder-locked"}, 500, "Content-Type", "text/html"},
		{armedFault{Kind: "folder-status"}, 503, "Content-Type", "text/html"},
		{armedFault{Kind: "folder-status", Status: 502}, 502, "Content-Type", "text/html"},
		{armedFault{Kind: "folder-status", Offset: at(1999)}, 503, "Content-Type", "text/html"},
		{armedFault{Kind: "folder-redirect"}, 302, "Location", "https://127.0.0.1:1" + offFlat},
		{armedFault{Kind: "folder-redirect", What: "https://else.test/"}, 302, "Location", "https://else.test/"},
	} {
		c.arm(f.fault)
		for i, status := range []int{f.status, 206} {
			res, _, err := c.rng("bytes=1000-1999")
			if err != nil || res.StatusCode != status || i == 0 && res.Header.Get(f.head) != f.want {
				t.Errorf("%s %s: %d %q %v", f.fault.Kind, f.fault.What, res.StatusCode, res.Header.Get(f.head), err)
			}
		}
	}
}

func TestFileFaultsOfTheBody(t *testing.T) {
	c := start(t, nil)
	whole := c.raw(0, 0)[1000:201000]
	for _, f := range []struct {
		fault armedFault
		bytes int
		fails bool
		flip  int // -1: nowhere
	}{
		{armedFault{Kind: "folder-reset", AfterBytes: 70000}, 70000, true, -1},
		{armedFault{Kind: "folder-reset", Offset: at(71000)}, 70000, true, -1},
		{armedFault{Kind: "folder-reset", Offset: at(999)}, 200000, false, -1},
		{armedFault{Kind: "folder-reset", Offset: at(201000)}, 200000, false, -1},
		{armedFault{Kind: "folder-reset"}, 0, true, -1},
		{armedFault{Kind: "folder-reset", AfterBytes: 999999}, 200000, false, -1},
		{armedFault{Kind: "folder-short", AfterBytes: 70000}, 70000, true, -1},
		{armedFault{Kind: "folder-damage", AfterBytes: 5}, 200000, false, 5},
		{armedFault{Kind: "folder-damage", Offset: at(200999)}, 200000, false, 199999},
	} {
		c.arm(f.fault)
		_, b, err := c.rng("bytes=1000-200999")
		want := append([]byte(nil), whole[:f.bytes]...)
		if f.flip >= 0 {
			want[f.flip] ^= 0x10
		}
		// A reset may overtake what was sent before it.
		if f.fault.Kind == "folder-reset" && f.fails && len(b) < len(want) {
			want = want[:len(b)]
		}
		if (err != nil) != f.fails || !bytes.Equal(b, want) {
			t.Errorf("%s %d: %d bytes, %v", f.fault.Kind, f.fault.AfterBytes, len(b), err)
		}
		if e := c.event("folder-get"); e["bytes"] != float64(f.bytes) || e["complete"] == f.fails {
			t.Errorf("%s %d: %v", f.fault.Kind, f.fault.AfterBytes, e)
		}
		c.h.faults.clear()
	}
	c.arm(armedFault{Kind: "folder-size", AfterBytes: 512})
	_, b, err := c.rng("bytes=2097000-2097663")
	if want := append(append([]byte(nil), c.raw(0, 0)[2097000:]...), make([]byte, 512)...); err != nil || !bytes.Equal(b, want) {
		t.Errorf("grown: %d bytes, %v", len(b), err)
	}
}

func TestFileFaultsTakeTimeOrFindNothing(t *testing.T) {
	c := start(t, nil)
	forever := 0
	for _, f := range []armedFault{{Kind: "folder-delay", MS: 60}, {Kind: "folder-stall", AfterBytes: 100, MS: 60},
		{Kind: "folder-slow", Rate: 10000}} {
		c.arm(f)
		begin := time.Now()
		if _, b, err := c.rng("bytes=0-999"); err != nil || len(b) != 1000 || time.Since(begin) < 45*time.Millisecond {
			t.Errorf("%s: %d bytes, %v after %v", f.Kind, len(b), err, time.Since(begin))
		}
	}
	for _, kind := range []string{"folder-status", "folder-locked", "folder-expire", "folder-no-range"} {
		c.arm(armedFault{Kind: kind, Offset: at(2000)})
		c.status(fileGet{url: offFlat, rng: "bytes=1000-1999"}, 206)
		c.h.faults.clear()
	}
	c.arm(armedFault{Kind: "folder-delay", MS: 3000, Method: "GET", Times: &forever})
	begin := time.Now()
	c.status(fileGet{method: "HEAD", url: offFlat}, 200)
	if time.Since(begin) >= 3*time.Second {
		t.Error("the HEAD waited for the GET's fault")
	}
}

func TestLastModifiedMoves(t *testing.T) {
	c := start(t, nil)
	when := func() time.Time {
		res, _, _ := c.fetch(fileGet{method: "HEAD", url: offFlat})
		m, err := http.ParseTime(res.Header.Get("Last-Modified"))
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	first := when()
	c.arm(armedFault{Kind: "folder-modified"})
	if d := when().Sub(first); d != time.Hour {
		t.Errorf("moved by %v", d)
	}
	if d := when().Sub(first); d != 0 {
		t.Errorf("moved by %v", d)
	}
	res, _, _ := c.fetch(fileGet{method: "HEAD", url: offFlat})
	c.arm(armedFault{Kind: "folder-size"})
	grown, _, _ := c.fetch(fileGet{method: "HEAD", url: offFlat})
	if grown.Header.Get("Content-Length") != strconv.FormatInt(res.ContentLength+512, 10) {
		t.Error(grown.Header)
	}
}
