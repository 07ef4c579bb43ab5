package catalog

// Command asks for a change of one catalog entity: the record of `catalog-commands`, keyed by entity id.
type Command struct{}

// Event tells that an entity changed or that a command was refused: the record of `catalog-events`.
type Event struct{}

// Row is the catalog's state of one entity.
type Row struct{}
