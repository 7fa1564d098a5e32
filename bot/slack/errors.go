package slack

import (
	"errors"
	"net/http"
	"net/url"
	"slices"

	slackapi "github.com/slack-go/slack"

	"outboundbot/bot"
	"outboundbot/reports"
)

// slackCode is the error code of an answer of the Web API, or "".
func slackCode(err error) string {
	var answer slackapi.SlackErrorResponse
	if errors.As(err, &answer) {
		return answer.Err
	}
	return ""
}

// tokenRefused: no retry mends these (docs.slack.dev/reference/methods/auth.test, errors).
func tokenRefused(code string) bool {
	return slices.Contains([]string{
		"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "no_permission", "org_login_required",
	}, code)
}

// passing: Slack is out of order or out of breath (docs.slack.dev/reference/methods/chat.postMessage, errors).
func passing(code string) bool {
	return slices.Contains([]string{
		"internal_error", "fatal_error", "service_unavailable", "request_timeout", "ratelimited", "rate_limited", "team_added_to_org",
	}, code)
}

// ugly: Slack dislikes the look of a message, so a plainer one may pass.
func ugly(err error) bool {
	return slices.Contains([]string{
		"invalid_blocks", "invalid_blocks_format", "invalid_block", "msg_blocks_too_long", "msg_too_long", "blocks_too_long",
		"invalid_arguments", "invalid_arg_name", "invalid_payload", "invalid_attachments", "too_many_blocks",
	}, slackCode(err))
}

// gone: an address to respond to was used up or is older than 30 minutes.
func gone(err error) bool {
	var status slackapi.StatusCodeError
	if errors.As(err, &status) && (status.Code == http.StatusNotFound || status.Code == http.StatusGone) {
		return true
	}
	return slices.Contains([]string{"used_url", "expired_url", "expired_trigger_id", "invalid_url"}, slackCode(err))
}

// bare is an error without the address of its request: upload and response addresses are secrets.
func bare(err error) error {
	var withURL *url.Error
	if errors.As(err, &withURL) {
		return withURL.Err
	}
	return err
}

// verdict turns a failed call into *bot.Retry or *bot.Refused. shows is true for calls whose success people see, so
// that one whose outcome is unknown must not be repeated blindly.
func (p *Platform) verdict(err error, shows bool) error {
	var (
		limited *slackapi.RateLimitedError
		status  slackapi.StatusCodeError
		answer  slackapi.SlackErrorResponse
		sent    *sentError
	)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &limited):
		return &bot.Retry{After: limited.RetryAfter, Err: bare(err)}
	case errors.As(err, &status):
		switch {
		case status.Code >= http.StatusInternalServerError:
			return &bot.Retry{Doubtful: shows, Err: bare(err)}
		case status.Code == http.StatusTooManyRequests:
			return &bot.Retry{Err: bare(err)}
		}
		return &bot.Refused{Fix: p.lang.Say("slack.refused.other", reports.Args{"Code": status.Status}), Err: bare(err)}
	case errors.As(err, &answer):
		if passing(answer.Err) {
			return &bot.Retry{Doubtful: shows && answer.Err == "fatal_error", Err: bare(err)}
		}
		return &bot.Refused{Fix: p.fix(answer), Err: bare(err)}
	case errors.Is(err, errForeign):
		return &bot.Refused{Fix: p.lang.Say("slack.refused.foreign"), Err: err}
	default:
		return &bot.Retry{Doubtful: shows && errors.As(err, &sent), Err: bare(err)}
	}
}

// fix says what somebody can do about a refusal. The catalogue is the list of refusals that are known.
func (p *Platform) fix(answer slackapi.SlackErrorResponse) string {
	switch {
	case answer.Err == "missing_scope":
		return p.lang.Say("slack.refused.missing_scope", reports.Args{"Scope": answer.Needed})
	case tokenRefused(answer.Err):
		return p.lang.Say("slack.bad_bot_token", reports.Args{"Code": answer.Err})
	case p.lang.Has("slack.refused." + answer.Err):
		return p.lang.Say("slack.refused." + answer.Err)
	default:
		return p.lang.Say("slack.refused.other", reports.Args{"Code": answer.Err})
	}
}
