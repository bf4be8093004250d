error "not read"
