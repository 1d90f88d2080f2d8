//! Containers and encodings: bytes to messages, messages to bytes.
