/** The commands of packets between customers, members and suppliers; most names are those of the original. */
export const COMMANDS = {
  requestService: 'RequestService',
  cancelService: 'CancelService',
  data: 'Data',
  retrieve: 'Retrieve',
  listFiles: 'ListFiles',
  deleteFile: 'DeleteFile',
  retain: 'Retain',
  record: 'Record',
  retrieveRecord: 'RetrieveRecord',
  listLocations: 'ListLocations',
  journal: 'Journal',
  journalHeads: 'JournalHeads',
  retrieveJournal: 'RetrieveJournal',
  accessNonce: 'AccessNonce',
  auditKey: 'AuditKey',
  ping: 'Ping',
  event: 'Event',
} as const

/** The commands of answers. */
export const REPLIES = { ack: 'Ack', data: 'Data', files: 'Files' } as const
