package main

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/vmware/govmomi/simulator"
	"github.com/vmware/govmomi/vim25/types"
)

// Host is the whole pretend host.  Its lock guards the inventory and all that
// changes in it; whoever waits (tasks, leases, updates) waits without it.
type Host struct {
	mu     sync.Mutex
	cfg    config
	vc     bool
	log    *eventLog
	faults *faultTable

	sim      *simulator.Service
	simLogin string // the simulator's own session, for calls passed on to it
	content  types.ServiceContent
	site     site
	vms      []*vm
	sessions map[string]*session
	nsession int
	leases   map[types.ManagedObjectReference]*lease
	tasks    []*task
	nextID   int
	over     bool // shut down
	streams  *streamCache
	denied   map[string]bool     // privileges taken away
	specs    map[string][]string // import specifications given out, as text, with the files they want
	free     bool                // the licence forbids changes
	methods  map[string]map[string]handler

	ca, cert, nfcCert *identity
	api, nfc          net.Listener
	servers           []*http.Server
}

func newHost(cfg config) (*Host, error) {
	specs, err := readSpec(cfg.specFile)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(cfg.state, "streams"), 0o755); err != nil {
		return nil, err
	}
	events, err := openEventLog(filepath.Join(cfg.state, "events.jsonl"))
	if err != nil {
		return nil, err
	}
	h := &Host{
		cfg:      cfg,
		vc:       cfg.vcenter,
		log:      events,
		faults:   &faultTable{log: events},
		sessions: make(map[string]*session),
		denied:   make(map[string]bool),
		specs:    make(map[string][]string),
		leases:   make(map[types.ManagedObjectReference]*lease),
		streams:  newStreamCache(filepath.Join(cfg.state, "streams")),
		nextID:   100,
	}
	h.methods = h.methodTable()
	// The simulator talks to its log of things it lacks; the event log has
	// all that matters.
	log.SetOutput(nullWriter{})
	if err := h.makeCerts(); err != nil {
		return nil, err
	}
	return h, h.buildInventory(specs)
}

type nullWriter struct{}

func (nullWriter) Write(p []byte) (int, error) { return len(p), nil }

func (h *Host) makeCerts() error {
	var err error
	if h.ca, err = newCA(); err != nil {
		return err
	}
	if h.cert, err = newServer(h.ca, "localhost", "localhost", "127.0.0.1"); err != nil {
		return err
	}
	if h.nfcCert, err = newServer(nil, nfcHostName, nfcHostName); err != nil {
		return err
	}
	for name, id := range map[string]*identity{"ca.pem": h.ca, "cert.pem": h.cert, "nfc-cert.pem": h.nfcCert} {
		if err := writePEM(filepath.Join(h.cfg.state, name), id); err != nil {
			return err
		}
	}
	return nil
}

// nfcHostName is the ESXi host behind the pretend vCenter.
const nfcHostName = "esx1.lab.test"

func (h *Host) serve() error {
	if err := h.serveControl(); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/sdk", h.serveSDK)
	mux.HandleFunc("/sdk/", h.serveSDK)
	mux.HandleFunc("/sdk/vimServiceVersions.xml", h.serveVersions)
	if !h.vc {
		mux.HandleFunc("/ha-nfc/", h.serveNFC)
	}
	var err error
	if h.api, err = h.serveTLS(h.cfg.listen, h.cert, h.withFolder(mux)); err != nil {
		return err
	}
	h.nfc = h.api
	if h.vc {
		nfc := http.NewServeMux()
		nfc.HandleFunc("/nfc/", h.serveNFC)
		if h.nfc, err = h.serveTLS("127.0.0.1:0", h.nfcCert, nfc); err != nil {
			return err
		}
	}
	return h.announce()
}

// withFolder takes the requests for files before the mux does, which would
// rewrite their paths.
func (h *Host) withFolder(mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p := r.URL.EscapedPath(); p == "/folder" || strings.HasPrefix(p, "/folder/") {
			h.serveFolder(w, r)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

func (h *Host) serveTLS(addr string, id *identity, mux http.Handler) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	srv := &http.Server{
		Handler:  mux,
		ErrorLog: log.New(nullWriter{}, "", 0),
		// No HTTP/2: hosts answer disk transfers in HTTP/1.1.
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
	}
	h.servers = append(h.servers, srv)
	go func() { _ = srv.Serve(tls.NewListener(l, id.tls())) }()
	return l, nil
}

func port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// announce writes host.json, whole or not at all: its presence says ready.
func (h *Host) announce() error {
	abs, err := filepath.Abs(h.cfg.state)
	if err != nil {
		return err
	}
	nfcID, nfcName := h.cert, "127.0.0.1"
	if h.vc {
		nfcID, nfcName = h.nfcCert, nfcHostName
	}
	b, err := json.MarshalIndent(fields{
		"url":                   fmt.Sprintf("https://127.0.0.1:%d/sdk", port(h.api)),
		"host":                  "127.0.0.1",
		"port":                  port(h.api),
		"user":                  h.cfg.user,
		"flavor":                map[bool]string{false: "esxi", true: "vcenter"}[h.vc],
		"thumbprint_sha256":     h.cert.sha256(),
		"thumbprint_sha1":       h.cert.sha1(),
		"cacert":                filepath.Join(abs, "ca.pem"),
		"cert":                  filepath.Join(abs, "cert.pem"),
		"control":               filepath.Join(abs, "control.sock"),
		"events":                filepath.Join(abs, "events.jsonl"),
		"pid":                   os.Getpid(),
		"nfc_host":              nfcName,
		"nfc_port":              port(h.nfc),
		"nfc_thumbprint_sha1":   nfcID.sha1(),
		"nfc_thumbprint_sha256": nfcID.sha256(),
	}, "", "  ")
	if err != nil {
		return err
	}
	file := filepath.Join(h.cfg.state, "host.json")
	if err := os.WriteFile(file+".new", append(b, '\n'), 0o644); err != nil {
		return err
	}
	h.log.add("ready", fields{"port": port(h.api), "nfc_port": port(h.nfc)})
	return os.Rename(file+".new", file)
}

func (h *Host) shutdown() {
	h.mu.Lock()
	h.over = true
	h.mu.Unlock()
	_ = os.Remove(filepath.Join(h.cfg.state, "host.json"))
	for _, s := range h.servers {
		_ = s.Close()
	}
	_ = os.Remove(filepath.Join(h.cfg.state, "control.sock"))
	h.log.add("stopped", nil)
}

// id gives a number that no object of this run has yet.
func (h *Host) id() int {
	h.nextID++
	return h.nextID
}

// now is the time in the resolution that hosts report.
func now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
