//! Objects at rest: local disk, memory, and a faulty one for tests.
