package main

import (
	"fmt"

	"github.com/vmware/govmomi/vim25/types"
)

// page is what remains of a result that was too long for one reply.
type page struct {
	collector types.ManagedObjectReference
	rest      []types.ObjectContent
	max       int
}

// firstPage cuts a result; nil, when nothing matched, leaves out returnval.
func (s *session) firstPage(collector types.ManagedObjectReference, all []types.ObjectContent, max int) *types.RetrieveResult {
	if len(all) == 0 {
		return nil
	}
	return s.nextPage(&page{collector, all, max})
}

func (s *session) nextPage(p *page) *types.RetrieveResult {
	if len(p.rest) <= p.max {
		return &types.RetrieveResult{Objects: p.rest}
	}
	res := &types.RetrieveResult{Objects: p.rest[:p.max], Token: fmt.Sprintf("%x", randomBytes(8))}
	s.pages[res.Token] = &page{p.collector, p.rest[p.max:], p.max}
	return res
}

// takePage gives up a token: each is good for one call on its collector.
func (s *session) takePage(collector types.ManagedObjectReference, token string) (*page, error) {
	p, ok := s.pages[token]
	if !ok || p.collector != collector {
		return nil, &vimFault{"A specified parameter was not correct: token",
			&types.InvalidProperty{Name: "token"}}
	}
	delete(s.pages, token)
	return p, nil
}

func (h *Host) continueRetrieve(c *call) (interface{}, error) {
	p, err := c.ses.takePage(c.this, c.body.(*types.ContinueRetrievePropertiesEx).Token)
	if err != nil {
		return nil, err
	}
	return &types.ContinueRetrievePropertiesExResponse{Returnval: *c.ses.nextPage(p)}, nil
}

func (h *Host) cancelRetrieve(c *call) (interface{}, error) {
	if _, err := c.ses.takePage(c.this, c.body.(*types.CancelRetrievePropertiesEx).Token); err != nil {
		return nil, err
	}
	return &types.CancelRetrievePropertiesExResponse{}, nil
}
