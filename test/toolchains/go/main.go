// A client of llmemory as a user would write it: grpc-go with its default limits and the generated code. It prints what it has seen
// as one line of JSON; python/client.py does the same, and client-report.ts says what must be in it.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	llmemoryv1 "github.com/llmemory/llmemory/gen/go/llmemory/v1"
)

type report struct {
	Add         addReport      `json:"add"`
	Search      []resultReport `json:"search"`
	Ingest      ingestReport   `json:"ingest"`
	Deadline    errorReport    `json:"deadline"`
	Invalid     errorReport    `json:"invalid"`
	LargeReply  int            `json:"largeReply"`
	LargerReply errorReport    `json:"largerReply"`
}

type addReport struct {
	Outcome       string `json:"outcome"`
	ChunksCreated int32  `json:"chunksCreated"`
}

type resultReport struct {
	IDAtOrigin string `json:"idAtOrigin"`
	Content    string `json:"content"`
}

type ingestReport struct {
	DurableFirst int64           `json:"durableFirst"`
	DurableLast  int64           `json:"durableLast"`
	WindowItems  int32           `json:"windowItems"`
	Failures     []failureReport `json:"failures"`
	End          string          `json:"end"`
}

type failureReport struct {
	Sequence   int64       `json:"sequence"`
	IDAtOrigin string      `json:"idAtOrigin"`
	Error      errorReport `json:"error"`
}

type errorReport struct {
	Code   string   `json:"code"`
	Fields []string `json:"fields"`
	Reason string   `json:"reason"`
}

const owner = "go-client"

func main() {
	address := flag.String("address", "127.0.0.1:50051", "host:port of the service")
	flag.Parse()
	connection, err := grpc.NewClient(*address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	result, err := exercise(ctx, llmemoryv1.NewMemoryServiceClient(connection), llmemoryv1.NewSearchServiceClient(connection))
	cancel()
	if err != nil {
		log.Fatal(err)
	}
	if err := connection.Close(); err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
		log.Fatal(err)
	}
}

func exercise(ctx context.Context, memory llmemoryv1.MemoryServiceClient, search llmemoryv1.SearchServiceClient) (*report, error) {
	added, err := memory.AddDocument(ctx, &llmemoryv1.AddDocumentRequest{
		OwnerId:    owner,
		IdAtOrigin: "notes/coffee",
		Content:    "Alice drinks her coffee black.",
		WaitUntil:  llmemoryv1.WaitUntil_WAIT_UNTIL_SEARCHABLE,
	})
	if err != nil {
		return nil, fmt.Errorf("add: %w", err)
	}
	result := &report{Add: addReport{Outcome: added.Outcome.String(), ChunksCreated: added.ChunksCreated}}

	found, err := search.Search(ctx, &llmemoryv1.SearchRequest{OwnerId: owner, QueryText: "How does Alice like her coffee?"})
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	for _, hit := range found.Results {
		result.Search = append(result.Search, resultReport{IDAtOrigin: hit.IdAtOrigin, Content: hit.Content})
	}

	if result.Ingest, err = ingest(ctx, memory); err != nil {
		return nil, fmt.Errorf("ingest: %w", err)
	}
	result.Deadline = missDeadline(ctx, memory)
	_, err = memory.AddDocument(ctx, &llmemoryv1.AddDocumentRequest{DocumentName: strings.Repeat("n", 501)})
	result.Invalid = describe(err)
	if result.LargeReply, result.LargerReply, err = readLarge(ctx, memory); err != nil {
		return nil, fmt.Errorf("large replies: %w", err)
	}
	return result, nil
}

// ingest sends five documents, of which the third is refused, and waits until the position is durable.
func ingest(ctx context.Context, memory llmemoryv1.MemoryServiceClient) (ingestReport, error) {
	var result ingestReport
	stream, err := memory.IngestDocuments(ctx)
	if err != nil {
		return result, err
	}
	open := &llmemoryv1.IngestOpen{OwnerId: owner, StreamId: "go-client"}
	if err := stream.Send(&llmemoryv1.IngestDocumentsRequest{Message: &llmemoryv1.IngestDocumentsRequest_Open{Open: open}}); err != nil {
		return result, err
	}
	first, err := stream.Recv()
	if err != nil {
		return result, err
	}
	if first.GetDurable() == nil {
		return result, errors.New("the first message of the server is not Durable")
	}
	result.DurableFirst = first.GetDurable().UpToSequence

	const last = 5
	for sequence := int64(1); sequence <= last; sequence++ {
		document := &llmemoryv1.AddDocumentRequest{IdAtOrigin: fmt.Sprintf("stream/%d", sequence)}
		if sequence != 3 {
			document.Content = fmt.Sprintf("This is streamed note number %d.", sequence)
		}
		item := &llmemoryv1.IngestItem{Sequence: sequence, Document: document}
		if err := stream.Send(&llmemoryv1.IngestDocumentsRequest{Message: &llmemoryv1.IngestDocumentsRequest_Item{Item: item}}); err != nil {
			return result, err
		}
	}
	for result.DurableLast < last {
		message, err := stream.Recv()
		if err != nil {
			return result, err
		}
		if window := message.GetWindow(); window != nil {
			result.WindowItems = window.Items
		}
		if durable := message.GetDurable(); durable != nil {
			result.DurableLast = durable.UpToSequence
			for _, failure := range durable.Failures {
				refusal := describe(status.FromProto(failure.Error).Err())
				result.Failures = append(result.Failures, failureReport{failure.Sequence, failure.IdAtOrigin, refusal})
			}
		}
	}
	ack := &llmemoryv1.IngestAck{UpToSequence: last}
	if err := stream.Send(&llmemoryv1.IngestDocumentsRequest{Message: &llmemoryv1.IngestDocumentsRequest_Ack{Ack: ack}}); err != nil {
		return result, err
	}
	if err := stream.CloseSend(); err != nil {
		return result, err
	}
	for {
		if _, err := stream.Recv(); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			result.End = describe(err).Code
			return result, nil
		}
	}
}

// missDeadline asks for more than a hundredth of a second allows.
func missDeadline(ctx context.Context, memory llmemoryv1.MemoryServiceClient) errorReport {
	short, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	_, err := memory.AddDocument(short, &llmemoryv1.AddDocumentRequest{
		OwnerId:    owner,
		IdAtOrigin: "too-slow",
		Content:    text(2_000_000),
		WaitUntil:  llmemoryv1.WaitUntil_WAIT_UNTIL_SEARCHABLE,
	})
	return describe(err)
}

// readLarge reads a reply just below what grpc-go receives by default, then asks for one beyond it.
func readLarge(ctx context.Context, memory llmemoryv1.MemoryServiceClient) (int, errorReport, error) {
	for name, size := range map[string]int{"large": 3_500_000, "larger": 5_000_000} {
		request := &llmemoryv1.AddDocumentRequest{OwnerId: owner, IdAtOrigin: name, Content: text(size)}
		if _, err := memory.AddDocument(ctx, request); err != nil {
			return 0, errorReport{}, err
		}
	}
	large, err := memory.GetDocument(ctx, wholeDocument("large"))
	if err != nil {
		return 0, errorReport{}, err
	}
	_, err = memory.GetDocument(ctx, wholeDocument("larger"))
	return len(large.Content), describe(err), nil
}

func wholeDocument(idAtOrigin string) *llmemoryv1.GetDocumentRequest {
	key := &llmemoryv1.GetDocumentRequest_IdAtOrigin{IdAtOrigin: idAtOrigin}
	return &llmemoryv1.GetDocumentRequest{OwnerId: owner, Key: key, IncludeContent: true}
}

func text(size int) string {
	sentence := "The quick brown fox jumps over the lazy dog. "
	return strings.Repeat(sentence, size/len(sentence)+1)[:size]
}

func describe(err error) errorReport {
	converted := status.Convert(err)
	result := errorReport{Code: codeName(converted.Code())}
	for _, detail := range converted.Details() {
		switch detail := detail.(type) {
		case *errdetails.BadRequest:
			for _, violation := range detail.FieldViolations {
				result.Fields = append(result.Fields, violation.Field)
			}
		case *errdetails.ErrorInfo:
			result.Reason = detail.Reason
		}
	}
	return result
}

func codeName(code codes.Code) string {
	names := map[codes.Code]string{
		codes.OK:                "OK",
		codes.DeadlineExceeded:  "DEADLINE_EXCEEDED",
		codes.InvalidArgument:   "INVALID_ARGUMENT",
		codes.ResourceExhausted: "RESOURCE_EXHAUSTED",
	}
	if name, known := names[code]; known {
		return name
	}
	return code.String()
}
