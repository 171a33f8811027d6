package main

import (
	"encoding/json"
	"os"
	"sync"
	"time"
)

// fields are the members of one event.
type fields map[string]interface{}

// eventLog appends one JSON object a line, each with one write, so that a
// test can read the file at any moment.
type eventLog struct {
	mu sync.Mutex
	f  *os.File
}

func openEventLog(file string) (*eventLog, error) {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	return &eventLog{f: f}, err
}

func (l *eventLog) add(event string, f fields) {
	line := fields{
		"event": event,
		"time":  time.Now().UTC().Format("2006-01-02T15:04:05.000000Z"),
	}
	for k, v := range f {
		line[k] = v
	}
	b, err := json.Marshal(line)
	if err != nil {
		b, _ = json.Marshal(fields{"event": "broken", "reason": err.Error()})
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	_, _ = l.f.Write(append(b, '\n'))
}
