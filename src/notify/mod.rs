//! The network towards people: e-mail and webhooks.
