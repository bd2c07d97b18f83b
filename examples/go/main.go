// A Go service that looks one user up and waits for the next event of its organization.
package main

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"os"
	"time"

	userstore "example.com/billing/gen/userstore/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

func main() {
	address := cmp.Or(os.Getenv("USERSTORE_ADDRESS"), "localhost:50051")
	organizationID := os.Getenv("ORGANIZATION_ID")
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	check(err)
	defer connection.Close()
	ctx := metadata.AppendToOutgoingContext(context.Background(), "authorization", "Bearer "+os.Getenv("USERSTORE_TOKEN"))

	// Every call but a watch has a deadline.
	deadline, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	found, err := userstore.NewUserServiceClient(connection).FindUser(deadline, &userstore.FindUserRequest{
		OrganizationId: organizationID,
		By:             &userstore.FindUserRequest_Email{Email: "ana@oakstreet.example"},
	})
	check(err)
	fmt.Println("found", found.GetUser().GetUserName())

	request := &userstore.WatchEventsRequest{OrganizationId: &organizationID}
	event := firstEvent(ctx, userstore.NewEventServiceClient(connection), request)
	fmt.Println("event", event.Type, event.ResourceId)
}

func firstEvent(ctx context.Context, events userstore.EventServiceClient, request *userstore.WatchEventsRequest) *userstore.Event {
	for {
		watch, err := events.WatchEvents(ctx, request)
		for err == nil {
			var message *userstore.WatchEventsResponse
			if message, err = watch.Recv(); err != nil {
				break
			}
			if len(message.Events) > 0 {
				return message.Events[0]
			}
			// A message without events is a heartbeat.
			request.Cursor = &message.Checkpoint
		}
		// Connections end every few minutes: the next watch resumes after the last message.
		if status.Code(err) != codes.Unavailable {
			log.Fatal(err)
		}
		time.Sleep(time.Second)
	}
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
