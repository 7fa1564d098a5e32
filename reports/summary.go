package reports

var summary, detailed, audit = Report{Name: "summary"}, Report{Name: "detailed"}, Report{Name: "audit"}
