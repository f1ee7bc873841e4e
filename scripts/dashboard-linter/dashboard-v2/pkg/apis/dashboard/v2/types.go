// Package v2 declares what Grafana's dashboard-linter names of Grafana's module of the same path: the schema v2 of dashboards.
// It lets the linter be built without that module. Dashboards of the classic schema, like those of this project, never reach it;
// do not lint dashboards of the schema v2 with this build.
package v2

// Kind is a value with the name of its type.
type Kind[Spec any] struct {
	Kind  string
	Group string
	Spec  Spec
}

type DashboardSpec struct {
	Title       string
	Editable    *bool
	Elements    map[string]DashboardElement
	Variables   []DashboardVariableKind
	Annotations []DashboardAnnotationQueryKind
}

type DashboardElement struct {
	PanelKind *Kind[DashboardPanelSpec]
}

type DashboardPanelSpec struct {
	Id          float64
	Title       string
	Description string
	Data        Kind[struct{ Queries []DashboardPanelQueryKind }]
	VizConfig   Kind[struct{ FieldConfig, Options any }]
}

type DashboardPanelQueryKind = Kind[struct {
	RefId  string
	Hidden bool
	Query  DashboardDataQueryKind
}]

type DashboardDataQueryKind struct {
	Group      string
	Datasource *struct{ Name *string }
	Spec       map[string]any
}

type DashboardAnnotationQueryKind = Kind[struct {
	Name  string
	Query DashboardDataQueryKind
}]

// DashboardVariableKind is a variable of one of these types.
type DashboardVariableKind struct {
	QueryVariableKind *Kind[struct {
		variable
		Query DashboardDataQueryKind
	}]
	DatasourceVariableKind *Kind[variable]
	CustomVariableKind     *Kind[variable]
	IntervalVariableKind   *Kind[variable]
	ConstantVariableKind   *Kind[variable]
	TextVariableKind       *Kind[variable]
	AdhocVariableKind      *Kind[variable]
	GroupByVariableKind    *Kind[variable]
	SwitchVariableKind     *Kind[variable]
}

type variable struct {
	Name     string
	Label    *string
	Multi    bool
	AllValue *string
	Refresh  DashboardVariableRefresh
	PluginId string
	Query    string
}

type DashboardVariableRefresh string

const (
	DashboardVariableRefreshOnTimeRangeChanged DashboardVariableRefresh = "onTimeRangeChanged"
	DashboardVariableRefreshOnDashboardLoad    DashboardVariableRefresh = "onDashboardLoad"
)
