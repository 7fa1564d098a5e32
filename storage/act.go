package storage

// act is the type of an event as a small number, found once an event.
type act uint8

// The types of MODEL 1, in an order that makes role and rank ranges of it.
const (
	actUnknown act = iota // kept, counts for nothing
	actRequested
	actSkipped
	actSent
	actDelivered
	actRead
	actFailed
	actClosed
	actStarted
	actInbound
	actAnswered
	actWatermarkDelivered
	actWatermarkRead
	actAssigned
	actReplied
	actTagApplied
	actTagRemoved
	actLabelAdded
	actLabelRemoved
	actStep
	actOption
	actEnded
	actOptOut
	actErased
)

// act is actUnknown for a type that is not in MODEL 1.
func (t Type) act() act {
	switch t {
	case SendRequested:
		return actRequested
	case SendSkipped:
		return actSkipped
	case MessageSent:
		return actSent
	case MessageDelivered:
		return actDelivered
	case MessageRead:
		return actRead
	case MessageFailed:
		return actFailed
	case ConversationClosed:
		return actClosed
	case ConversationStarted:
		return actStarted
	case MessageInbound:
		return actInbound
	case Answered:
		return actAnswered
	case WatermarkDelivered:
		return actWatermarkDelivered
	case WatermarkRead:
		return actWatermarkRead
	case Assigned:
		return actAssigned
	case AgentReplied:
		return actReplied
	case TagApplied:
		return actTagApplied
	case TagRemoved:
		return actTagRemoved
	case LabelAdded:
		return actLabelAdded
	case LabelRemoved:
		return actLabelRemoved
	case FlowStep:
		return actStep
	case FlowOption:
		return actOption
	case FlowEnded:
		return actEnded
	case OptOut:
		return actOptOut
	case ContactErased:
		return actErased
	default:
		return actUnknown
	}
}

// sending: send.*, which make a send exist.
func (a act) sending() bool { return a == actRequested || a == actSkipped }

// status: message.sent/delivered/read/failed, which make a send exist and may name it by message.
func (a act) status() bool { return a >= actSent && a <= actFailed }

// other: what is neither of send.* nor of a status nor unknown.
func (a act) other() bool { return a > actFailed }

// rank is the order of the walk at equal (at, seq): closed, started, send, inbound and answered, everything else
// (MODEL 2, Walk). No event has the rank of a send.
func (a act) rank() uint8 {
	switch a {
	case actClosed:
		return 0
	case actStarted:
		return 1
	case actInbound, actAnswered:
		return sendRank + 1
	default:
		return sendRank + 2
	}
}

const sendRank = 2
