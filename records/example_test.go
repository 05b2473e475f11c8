package records_test

import (
	"context"
	"fmt"
	"time"

	"barograph/pipeline"
	"barograph/records"
)

func ExampleParseID() {
	key := records.Key{Pipeline: "orders", PayloadID: "2026-03-01:17"}
	fmt.Println(key.ID())
	again, ok := records.ParseID(key.ID())
	fmt.Println(again.PayloadID, ok)
	// Output:
	// Record:orders:2026-03-01:17
	// 2026-03-01:17 true
}

// A caller who got an error may send the same draft again: it takes effect once.
func ExampleWriter_Accept() {
	_ = func(ctx context.Context, writer *records.Writer, payload *pipeline.Payload, received time.Time) error {
		result, err := pipeline.Process(payload, received)
		if err != nil {
			return err
		}
		accepted, err := writer.Accept(ctx, records.Draft{
			Key: records.Key{Pipeline: pipeline.Default, PayloadID: payload.ID}, Payload: payload.JSON, Fingerprint: payload.Fingerprint,
			ReceivedAt: received, Progress: records.Progress{
				State: records.Processed, PipelineVersion: 1, Result: result, Attempts: 1, ProcessedAt: &received,
			},
		})
		switch {
		case err != nil:
			return err
		case accepted.Refusal != nil:
			return accepted.Refusal
		}
		fmt.Println(accepted.Record.ID(), accepted.Duplicate)
		return nil
	}
}
