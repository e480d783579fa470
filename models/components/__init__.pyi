from models.casestudy.iot import SEMDRIoTIntegration as SEMDRIoTIntegration
from models.casestudy.parts import (
    SEMDRHVAC as SEMDRHVAC,
)
from models.casestudy.parts import (
    SEMDRPV as SEMDRPV,
)
from models.casestudy.parts import (
    HotelBattery as HotelBattery,
)
from models.casestudy.parts import (
    HotelElectricDemand as HotelElectricDemand,
)
from models.casestudy.parts import (
    HotelGrid as HotelGrid,
)
from models.casestudy.parts import (
    HotelHVAC as HotelHVAC,
)
from models.casestudy.parts import (
    HotelMain as HotelMain,
)
from models.casestudy.parts import (
    HotelPV as HotelPV,
)
from models.casestudy.parts import (
    SEMDRBattery as SEMDRBattery,
)
from models.casestudy.parts import (
    SEMDRElectricDemand as SEMDRElectricDemand,
)
from models.casestudy.parts import (
    SEMDRGrid as SEMDRGrid,
)
from models.casestudy.parts import (
    SEMDRMain as SEMDRMain,
)
