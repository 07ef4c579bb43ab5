package traffic

// Bank is one UPI remitter bank with its figures of a month.
type Bank struct {
	Instrument        string  // short lower-case name, as events carry it
	Name              string  // as NPCI writes it
	VolumeMillions    float64 // payments of the month, in millions
	Approved          float64 // share of the volume
	Business          float64 // share declined for business reasons (balance, PIN, limits)
	Technical         float64 // share declined for technical reasons
	ReversalsMillions float64 // debit reversals of the month, in millions
	ReversalSuccess   float64 // share of the debit reversals that succeeded
}

// Banks returns the 50 largest UPI remitter banks, by volume.
//
// Source: National Payments Corporation of India (NPCI), UPI ecosystem statistics, UPI remitter members, July 2025. The
// published shares are rounded and need not add up to 1.
func Banks() []Bank {
	return []Bank{
		{"sbi", "State Bank of India", 5214.74, 0.9322, 0.0617, 0.0061, 17.16, 0.6371},
		{"hdfc", "HDFC Bank Ltd.", 1543.98, 0.9516, 0.0476, 0.0008, 0.44, 0.9992},
		{"bob", "Bank of Baroda", 1328.01, 0.907, 0.0908, 0.0022, 3.73, 0.9768},
		{"union", "Union Bank of India", 1200.25, 0.9281, 0.0698, 0.002, 3.44, 0.8593},
		{"pnb", "Punjab National Bank", 1106.8, 0.9141, 0.0839, 0.0019, 3.55, 0.9866},
		{"kotak", "Kotak Mahindra Bank", 960.38, 0.9229, 0.0769, 0.0002, 2.18, 0.9786},
		{"canara", "Canara Bank", 942.67, 0.9265, 0.0711, 0.0024, 2.84, 0.8215},
		{"axis", "Axis Bank Ltd.", 875.5, 0.9464, 0.0533, 0.0004, 1.8, 0.9782},
		{"icici", "ICICI Bank Ltd.", 735.99, 0.9608, 0.0389, 0.0002, 1.33, 0.9772},
		{"ippb", "India Post Payments Bank Limited", 637.61, 0.8872, 0.1116, 0.0012, 2.33, 0.9938},
		{"indian", "Indian Bank", 631.57, 0.9254, 0.0721, 0.0025, 1.67, 0.8713},
		{"airtel", "Airtel Payments Bank Limited", 615.75, 0.8584, 0.1406, 0.0011, 2.35, 0.9821},
		{"boi", "Bank Of India", 606.19, 0.9122, 0.0634, 0.0244, 3.87, 0.5497},
		{"iob", "Indian Overseas Bank", 322.83, 0.9131, 0.0792, 0.0076, 1.96, 0.581},
		{"central", "Central Bank of India", 292.2, 0.9116, 0.0803, 0.0081, 1.41, 0.7847},
		{"uco", "UCO Bank", 273.67, 0.9141, 0.0842, 0.0018, 0.91, 0.8854},
		{"federal", "Federal Bank Ltd.", 257.37, 0.9318, 0.0671, 0.0011, 0.55, 0.9709},
		{"fino", "Fino Payments Bank Ltd.", 223, 0.8683, 0.1253, 0.0064, 0.93, 0.9045},
		{"mahabank", "Bank of Maharashtra", 213.67, 0.9327, 0.066, 0.0013, 0.56, 0.9276},
		{"indusind", "Indusind Bank Ltd.", 211.2, 0.8996, 0.0993, 0.001, 0.72, 0.8064},
		{"idbi", "IDBI Bank Ltd.", 204.29, 0.9345, 0.0633, 0.0022, 0.67, 0.88},
		{"yes", "Yes Bank Ltd.", 203.24, 0.9222, 0.0768, 0.0011, 0.29, 0.8692},
		{"karnataka", "Karnataka Bank", 140.62, 0.9218, 0.0741, 0.0041, 0.4, 0.7569},
		{"triotech", "Tri O Tech Solutions Private Limited", 124.55, 1, 0, 0, 0, 0},
		{"idfc", "IDFC Bank Ltd.", 118.94, 0.9326, 0.0655, 0.0018, 0.32, 0.8318},
		{"jkb", "The Jammu & Kashmir Bank Limited", 106.4, 0.8864, 0.0556, 0.0579, 2.28, 0.1194},
		{"kvb", "Karur Vysya Bank", 95.01, 0.9255, 0.0664, 0.0081, 0.39, 0.6516},
		{"bandhan", "Bandhan Bank limited", 90.18, 0.9392, 0.0541, 0.0067, 0.39, 0.8242},
		{"au", "AU Small Finance Bank", 77.71, 0.8921, 0.1011, 0.0068, 0.34, 0.705},
		{"sib", "The South Indian Bank Limited", 72.87, 0.9468, 0.0508, 0.0024, 0.15, 0.9926},
		{"jio", "JIO Payments Bank Ltd", 58.03, 0.8607, 0.1254, 0.0139, 0.53, 0.8405},
		{"psb", "Punjab and Sind Bank", 57.19, 0.9096, 0.0817, 0.0087, 0.33, 0.762},
		{"cub", "City Union Bank", 56.65, 0.923, 0.0756, 0.0014, 0.13, 0.9987},
		{"tmb", "Tamilnad Mercantile Bank Limited", 55.91, 0.9144, 0.0729, 0.0127, 0.24, 0.6784},
		{"ujjivan", "Ujjivan Small Finance Bank Limited", 54.99, 0.8992, 0.0892, 0.0116, 0.19, 0.8013},
		{"baroda_up", "Baroda U.P. Bank", 48.24, 0.9271, 0.0561, 0.0168, 0.32, 0.5653},
		{"kgb", "Kerala Gramin Bank", 46.93, 0.9133, 0.0704, 0.0164, 0.42, 0.8531},
		{"nsdl", "NSDL Payments Bank Limited", 45.7, 0.8488, 0.1423, 0.0089, 0.3, 0.746},
		{"tgb", "Telangana Grameena Bank", 40.36, 0.8811, 0.1035, 0.0154, 0.38, 0.5678},
		{"mgb", "Maharashtra Gramin Bank", 37.37, 0.8463, 0.1382, 0.0156, 0.2, 0.6299},
		{"rmgb", "Rajasthan Marudhara Gramin Bank", 36.15, 0.8528, 0.1234, 0.0238, 0.32, 0.4095},
		{"kagb", "Karnataka Gramin Bank", 34.96, 0.8909, 0.1003, 0.0088, 0.19, 0.9119},
		{"esaf", "ESAF Small Finance Bank Ltd", 33.38, 0.957, 0.0426, 0.0004, 0.09, 0.9784},
		{"apgb", "Andhra Pragathi Grameena Bank", 31.91, 0.8227, 0.1396, 0.0378, 0.28, 0.3242},
		{"dbs", "DBS Bank India Limited", 31.81, 0.9309, 0.0676, 0.0015, 0.08, 0.9578},
		{"rbl", "RBL Bank Ltd.", 31.22, 0.9243, 0.0709, 0.0048, 0.1, 0.7993},
		{"equitas", "Equitas Small Finance Bank", 30.07, 0.9114, 0.0886, 0.0001, 0.08, 0.9928},
		{"saraswat", "Saraswat Co-operative Bank", 29.63, 0.9475, 0.0511, 0.0015, 0.06, 0.9644},
		{"shgb", "Sarva Haryana Gramin Bank", 26.28, 0.9429, 0.047, 0.0101, 0.18, 0.5732},
		{"sc", "Standard Chartered Bank", 23.69, 0.9549, 0.0422, 0.003, 0.06, 0.6911},
	}
}
